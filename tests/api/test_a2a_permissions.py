"""/a2a: reading tasks and creating them are two permissions"""

from typing import Any

from api_world import AsRole


async def test_who_may_only_read_hands_over_nothing(as_role: AsRole) -> None:
    viewer, operator = await as_role("viewer"), await as_role("operator")
    message = {"messageId": "m-1", "role": "ROLE_USER", "parts": [{"text": "Do it."}]}
    configuration = {"returnImmediately": True}

    async def ask(who: Any, method: str, params: dict[str, Any]) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = await who.post("/a2a", json=body, headers={"a2a-version": "1.0"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    refused = await ask(viewer, "SendMessage", {"message": message, "configuration": configuration})
    assert "permission 'work'" in refused["error"]["message"]
    assert (await ask(viewer, "ListTasks", {}))["result"]["totalSize"] == 0
    made = await ask(operator, "SendMessage", {"message": message, "configuration": configuration})
    task_id = made["result"]["task"]["id"]
    assert "permission 'work'" in (await ask(viewer, "CancelTask", {"id": task_id}))["error"]["message"]
    assert (await ask(viewer, "GetTask", {"id": task_id}))["result"]["status"]["state"] == "TASK_STATE_SUBMITTED"
