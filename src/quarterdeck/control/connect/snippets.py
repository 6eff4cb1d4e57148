"""What each kind of agent has to be told, to be copied and pasted. `URL` and `KEY` stand for the address and a key."""

from dataclasses import dataclass
from enum import StrEnum

KEY = "qd-a-YOUR-AGENTS-KEY"
"""Stands where the agent's key goes, until somebody puts a real one there."""
TOKEN = "qd-m-YOUR-TOKEN"  # noqa: S105 - a placeholder
"""Stands where a member's token goes."""


class Proof(StrEnum):
    """How we know that a snippet is right."""

    TEST = "test"
    """A test of ours runs it."""
    SEEN = "seen"
    """We drove the tool itself with it, against the sandbox; docs/agents.md says which version and what it showed."""
    DOCUMENTATION = "documentation"
    """It follows the documentation of its tool."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to connect. `language` is for colouring; `where` says where the text goes."""

    id: str
    title: str
    gives: str
    language: str
    where: str
    text: str
    proof: Proof

    def filled(self, url: str) -> str:
        return self.text.replace("{URL}", url).replace("{KEY}", KEY).replace("{TOKEN}", TOKEN)


SNIPPETS: tuple[Snippet, ...] = (
    Snippet(
        "openai-python",
        "Python, OpenAI's client",
        "Every call under the agent, priced, with its conversation.",
        "python",
        "In your agent",
        """\
from openai import OpenAI

client = OpenAI(base_url="{URL}/v1", api_key="{KEY}")
answer = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Say hello."}])
print(answer.choices[0].message.content)
""",
        Proof.TEST,
    ),
    Snippet(
        "anthropic-python",
        "Python, Anthropic's client",
        "The same for the Messages API.",
        "python",
        "In your agent",
        """\
from anthropic import Anthropic

client = Anthropic(base_url="{URL}", api_key="{KEY}")
answer = client.messages.create(
    model="claude-haiku-4-5", max_tokens=200, messages=[{"role": "user", "content": "Say hello."}]
)
print(answer.content[0].text)
""",
        Proof.TEST,
    ),
    Snippet(
        "quarterdeck-python",
        "Python, with tasks",
        "Claims tasks, charges every call to its task, reports, hands in, asks people, finishes.",
        "python",
        "In your agent",
        """\
from openai import OpenAI
from quarterdeck.client import Quarterdeck

with Quarterdeck("{URL}", "{KEY}") as qd:
    with qd.claim(wait_s=60) as run:  # waits for work; clients made inside charge the run
        answer = OpenAI().chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": run.task.brief or run.task.title}]
        )
        run.progress("half way", percent=50)
        run.deliver("answer", answer.choices[0].message.content)
        run.summary = "Written."
""",
        Proof.TEST,
    ),
    Snippet(
        "curl",
        "curl",
        "One call, to see that it works.",
        "sh",
        "In a terminal",
        """\
curl -sS {URL}/v1/chat/completions \\
    -H "authorization: Bearer {KEY}" \\
    -H 'content-type: application/json' \\
    -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}'
""",
        Proof.TEST,
    ),
    Snippet(
        "shell",
        "A shell script",
        "A whole agent in a few lines; every verb is a command that prints JSON.",
        "sh",
        "In a script",
        """\
export QUARTERDECK_URL={URL} QUARTERDECK_KEY={KEY}
eval "$(quarterdeck tasks claim --wait 60 --export)"
quarterdeck tasks progress "begun" --percent 10
curl -sS "$OPENAI_BASE_URL/chat/completions" -H "authorization: Bearer $OPENAI_API_KEY" \\
    -H 'content-type: application/json' \\
    -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}' |
    quarterdeck tasks deliver "answer" --kind json
quarterdeck tasks finish --summary "Asked and answered."
""",
        Proof.TEST,
    ),
    Snippet(
        "mcp",
        "Any MCP client",
        "The agent sees its tasks and works them by tools; add a base URL above for its model calls.",
        "json",
        "In the client's list of servers",
        """\
{
  "mcpServers": {
    "quarterdeck": {
      "type": "http",
      "url": "{URL}/mcp",
      "headers": { "Authorization": "Bearer {KEY}" }
    }
  }
}
""",
        Proof.TEST,
    ),
    Snippet(
        "skill",
        "Any agent that reads skills",
        "Teaches it when to use the tools.",
        "sh",
        "In a terminal; other agents have other folders",
        """\
mkdir -p ~/.claude/skills/quarterdeck
curl -sS {URL}/skill.md -o ~/.claude/skills/quarterdeck/SKILL.md
""",
        Proof.TEST,
    ),
    Snippet(
        "claude-code",
        "Claude Code",
        "Its calls under the agent, and from its claim on under the task; it works its tasks by tools.",
        "sh",
        "In a terminal",
        """\
export ANTHROPIC_BASE_URL={URL} ANTHROPIC_AUTH_TOKEN={KEY}
claude mcp add --transport http quarterdeck {URL}/mcp --header "Authorization: Bearer {KEY}"
claude -p "Do your next quarterdeck task." --allowedTools "mcp__quarterdeck"
""",
        Proof.SEEN,
    ),
    Snippet(
        "codex",
        "Codex",
        "Its calls under the agent, and from its claim on under the task, by thread; it works its tasks by tools.",
        "toml",
        "~/.codex/config.toml, with QUARTERDECK_KEY set",
        """\
model = "gpt-5.5"
model_provider = "quarterdeck"

[model_providers.quarterdeck]
name = "Quarterdeck"
base_url = "{URL}/v1"
wire_api = "responses"
env_key = "QUARTERDECK_KEY"

[mcp_servers.quarterdeck]
url = "{URL}/mcp"
bearer_token_env_var = "QUARTERDECK_KEY"
default_tools_approval_mode = "approve"
""",
        Proof.SEEN,
    ),
    Snippet(
        "openclaw",
        "OpenClaw",
        "Agent, session and run on every call, models from our catalogue; no plugin of ours.",
        "json5",
        "openclaw.json",
        """\
{
  models: { mode: "merge", providers: {
    clawrouter: { baseUrl: "{URL}", apiKey: "{KEY}", models: [] } } },
  agents: { defaults: { model: { primary: "clawrouter/openai/gpt-4o-mini" } } },
  mcp: { servers: {
    quarterdeck: { url: "{URL}/mcp", transport: "streamable-http", headers: { Authorization: "Bearer {KEY}" } } } },
}
""",
        Proof.SEEN,
    ),
    Snippet(
        "opencode",
        "opencode",
        "Its calls under the agent, and from its claim on under the task; it works its tasks by tools.",
        "json",
        "opencode.json, with QUARTERDECK_KEY set",
        """\
{
  "$schema": "https://opencode.ai/config.json",
  "model": "quarterdeck/gpt-4o-mini",
  "small_model": "quarterdeck/gpt-4o-mini",
  "provider": {
    "quarterdeck": {
      "npm": "@ai-sdk/openai-compatible",
      "name": "Quarterdeck",
      "options": { "baseURL": "{URL}/v1", "apiKey": "{env:QUARTERDECK_KEY}" },
      "models": { "gpt-4o-mini": { "limit": { "context": 128000, "output": 16000 } } }
    }
  },
  "mcp": {
    "quarterdeck": {
      "type": "remote",
      "url": "{URL}/mcp",
      "oauth": false,
      "headers": { "Authorization": "Bearer {env:QUARTERDECK_KEY}" }
    }
  },
  "permission": { "quarterdeck_*": "allow" }
}
""",
        Proof.SEEN,
    ),
    Snippet(
        "gemini-cli",
        "Gemini CLI",
        "Its calls under the agent.",
        "sh",
        "In a terminal",
        """\
export GOOGLE_GEMINI_BASE_URL={URL} GEMINI_API_KEY={KEY}
mkdir -p ~/.gemini && settings=~/.gemini/settings.json
[ -e $settings ] || echo '{"security": {"auth": {"selectedType": "gemini-api-key"}}}' > $settings
gemini --skip-trust -p 'Say hello.'  # or trust the folder first, in a terminal
""",
        Proof.SEEN,
    ),
    Snippet(
        "langgraph",
        "LangChain, LangGraph",
        "Every node's calls under the agent, or under the run whose key you give.",
        "python",
        "In your agent",
        """\
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

model = ChatOpenAI(model="gpt-4o-mini", base_url="{URL}/v1", api_key="{KEY}")
agent = create_agent(model, tools=[])
answer = agent.invoke({"messages": [{"role": "user", "content": "Say hello."}]})
print(answer["messages"][-1].content)
""",
        Proof.SEEN,
    ),
    Snippet(
        "crewai",
        "CrewAI",
        "One key for each agent of the crew, and each is seen by itself.",
        "python",
        "In your agent",
        """\
from crewai import LLM, Agent

llm = LLM(model="openai/gpt-4o-mini", base_url="{URL}/v1", api_key="{KEY}")
researcher = Agent(role="Researcher", goal="Find sources", backstory="Careful", llm=llm)
print(researcher.kickoff("Say hello.").raw)
""",
        Proof.SEEN,
    ),
    Snippet(
        "openai-agents",
        "OpenAI Agents SDK",
        "Every agent's calls under the key you give it; its own tracing stays off.",
        "python",
        "In your agent",
        """\
from agents import Agent, OpenAIProvider, RunConfig, Runner

provider = OpenAIProvider(base_url="{URL}/v1", api_key="{KEY}")
agent = Agent(name="Researcher", instructions="Be brief.", model="gpt-4o-mini")
result = Runner.run_sync(agent, "Say hello.", run_config=RunConfig(model_provider=provider, tracing_disabled=True))
print(result.final_output)
""",
        Proof.SEEN,
    ),
    Snippet(
        "pydantic-ai",
        "Pydantic AI",
        "Its calls under the agent, or under the run whose key you give.",
        "python",
        "In your agent",
        """\
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

provider = OpenAIProvider(base_url="{URL}/v1", api_key="{KEY}")
agent = Agent(OpenAIChatModel("gpt-4o-mini", provider=provider))
print(agent.run_sync("Say hello.").output)
""",
        Proof.SEEN,
    ),
    Snippet(
        "vercel-ai",
        "Vercel AI SDK",
        "Its calls under the agent, or under the run whose key you give.",
        "ts",
        "In your agent",
        """\
import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";

const quarterdeck = createOpenAI({ baseURL: "{URL}/v1", apiKey: "{KEY}" });
const { text } = await generateText({ model: quarterdeck("gpt-4o-mini"), prompt: "Say hello." });
console.log(text);
""",
        Proof.SEEN,
    ),
    Snippet(
        "n8n",
        "n8n",
        "Every model call of its workflows under the agent.",
        "text",
        "In a credential of the kind OpenAI; then choose it in the OpenAI Chat Model node, which lists our models",
        """\
API Key:   {KEY}
Base URL:  {URL}/v1
""",
        Proof.SEEN,
    ),
    Snippet(
        "a2a",
        "A foreign agent, by A2A",
        "It hands over tasks and follows them; deliverables come back as artifacts.",
        "python",
        "In the foreign agent, with a member's token",
        """\
import asyncio, uuid
import httpx
from a2a.client import ClientConfig, create_client
from a2a.helpers import new_text_part
from a2a.types import a2a_pb2 as pb


async def main() -> None:
    http = httpx.AsyncClient(headers={"authorization": "Bearer {TOKEN}"}, timeout=90)
    async with (
        http,
        await create_client("{URL}", ClientConfig(streaming=False, httpx_client=http)) as client,
    ):
        words = [new_text_part("Collect the facts.")]
        message = pb.Message(message_id=uuid.uuid4().hex, role=pb.ROLE_USER, parts=words)
        at_once = pb.SendMessageConfiguration(return_immediately=True)
        async for answer in client.send_message(pb.SendMessageRequest(message=message, configuration=at_once)):
            print(answer.task.id)


asyncio.run(main())
""",
        Proof.TEST,
    ),
)
