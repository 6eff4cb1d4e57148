#!/bin/sh
# An agent that is a shell script. It needs QUARTERDECK_URL and QUARTERDECK_KEY, curl and the quarterdeck command.
# Exit statuses of the commands: 3 nothing to do, 4 the run was lost, 5 stop, 6 no answer, 7 no server.
set -eu

# Waits up to a minute for work; sets QUARTERDECK_RUN, QUARTERDECK_TASK and the run key for what follows.
claimed=$(quarterdeck tasks claim --wait "${WAIT:-60}" --export) || exit $?
eval "$claimed"
# Whatever goes wrong from here on, the task is given back and not left to time out.
trap 'status=$?; [ "$status" -eq 0 ] || quarterdeck tasks finish --failed agent_crashed >/dev/null || true' EXIT

quarterdeck tasks show >task.json
quarterdeck tasks progress "asking the model" --percent 20 >/dev/null

# The run key is in OPENAI_API_KEY, so this call belongs to the run and the task.
curl -sSf "$OPENAI_BASE_URL/chat/completions" \
    -H "authorization: Bearer $OPENAI_API_KEY" -H 'content-type: application/json' \
    -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Write two lines about the sea."}]}' >answer.json

tone=$(quarterdeck tasks ask "Which tone?" --option formal --option friendly --default formal --deadline "${DEADLINE:-3600}" |
    sed -n 's/^ *"answer": "\(.*\)",$/\1/p')
quarterdeck tasks comment "In a $tone tone." >/dev/null
quarterdeck tasks deliver "answer" --file answer.json --kind json >/dev/null
quarterdeck tasks finish --summary "Two lines, $tone." >/dev/null
