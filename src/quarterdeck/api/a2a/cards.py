"""Agent cards: who can be handed work here, and how."""

from a2a.types import a2a_pb2 as pb

from quarterdeck.control.agents.model import Agent

PROTOCOL = "1.0"
BINDINGS = ("JSONRPC", "HTTP+JSON")
MODES = ("text/plain", "text/markdown", "application/json")


def deck_card(base_url: str, version: str, agents: list[Agent] | None = None) -> pb.AgentCard:
    """The card of the whole deck: whoever of its agents is free takes the work. With `agents`, they are its skills."""
    skills = [
        pb.AgentSkill(
            id="task",
            name="Do a task",
            description="Any agent of the deck that may claim it does the work, and a person reviews it.",
            tags=["task", "work"],
        ),
        *(_skill(agent) for agent in agents or ()),
    ]
    return _card(
        "Quarterdeck",
        "A deck of agents that take tasks, hand in deliverables and ask when only a person can decide.",
        f"{base_url}/a2a",
        version,
        skills,
    )


def agent_card(base_url: str, version: str, agent: Agent) -> pb.AgentCard:
    """The card of one agent: what is sent to it is assigned to it."""
    return _card(
        agent.name,
        agent.description or f"{agent.name}, an agent of this Quarterdeck.",
        f"{base_url}/a2a/agents/{agent.name}",
        version,
        [_skill(agent)],
    )


def _card(name: str, description: str, url: str, version: str, skills: list[pb.AgentSkill]) -> pb.AgentCard:
    bearer = pb.SecurityScheme(
        http_auth_security_scheme=pb.HTTPAuthSecurityScheme(
            scheme="Bearer", description="The token of a member who may create tasks."
        )
    )
    return pb.AgentCard(
        name=name,
        description=description,
        version=version,
        supported_interfaces=[
            pb.AgentInterface(url=url, protocol_binding=binding, protocol_version=PROTOCOL) for binding in BINDINGS
        ],
        capabilities=pb.AgentCapabilities(streaming=True, push_notifications=True, extended_agent_card=True),
        security_schemes={"bearer": bearer},
        security_requirements=[pb.SecurityRequirement(schemes={"bearer": pb.StringList()})],
        default_input_modes=MODES,
        default_output_modes=MODES,
        skills=skills,
    )


def _skill(agent: Agent) -> pb.AgentSkill:
    description = agent.description or f"Whatever {agent.name} does."
    return pb.AgentSkill(id=agent.id, name=agent.name, description=description, tags=["agent"])
