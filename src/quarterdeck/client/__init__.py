"""The client for agents: claim a task, work with model clients that charge it, report, hand in, ask, finish.

```python
from quarterdeck.client import Quarterdeck
from openai import OpenAI

qd = Quarterdeck()                       # QUARTERDECK_URL, QUARTERDECK_KEY
while True:
    with qd.claim() as run:              # waits for work; sets base URL and key for the clients made inside
        answer = OpenAI().chat.completions.create(model="gpt-4o-mini", messages=[...])
        run.progress("half way", percent=50)
        run.deliver("report", answer.choices[0].message.content)
```

It knows the server by HTTP alone and needs nothing but httpx.
"""

from quarterdeck.client.aio import AsyncQuarterdeck, AsyncRun
from quarterdeck.client.environment import Taken
from quarterdeck.client.errors import (
    ClientError,
    LeaseLost,
    NoAnswer,
    NotApproved,
    NothingToDo,
    Refused,
    Stopped,
    Unreachable,
)
from quarterdeck.client.shapes import Claim, Heard, Inbox, Item, Question, Task, Version
from quarterdeck.client.sync import Quarterdeck, Run

__all__ = [
    "AsyncQuarterdeck",
    "AsyncRun",
    "Claim",
    "ClientError",
    "Heard",
    "Inbox",
    "Item",
    "LeaseLost",
    "NoAnswer",
    "NotApproved",
    "NothingToDo",
    "Quarterdeck",
    "Question",
    "Refused",
    "Run",
    "Stopped",
    "Taken",
    "Task",
    "Unreachable",
    "Version",
]
