"""Every router of the control API, in the order the document shows them. A slice adds its own line here."""

from fastapi import APIRouter

from quarterdeck.api import live
from quarterdeck.control.adoption import api as adoption
from quarterdeck.control.agent_templates import api as agent_templates
from quarterdeck.control.agents import api as agents
from quarterdeck.control.agents import instructions_api as instructions
from quarterdeck.control.approvals import api as approvals
from quarterdeck.control.attachments import api as attachments
from quarterdeck.control.audit import api as audit
from quarterdeck.control.budgets import api as budgets
from quarterdeck.control.calls import api as calls
from quarterdeck.control.calls import counted_api as counted_calls
from quarterdeck.control.channels import api as channels
from quarterdeck.control.channels import push_api as push
from quarterdeck.control.comments import api as comments
from quarterdeck.control.connect import api as connect
from quarterdeck.control.costs import api as costs
from quarterdeck.control.costs import done_api as done_costs
from quarterdeck.control.costs import report_api as report_card
from quarterdeck.control.costs import work_api as work_costs
from quarterdeck.control.delegation import api as delegation
from quarterdeck.control.deliverables import api as deliverables
from quarterdeck.control.dependencies import api as dependencies
from quarterdeck.control.evidence import api as evidence
from quarterdeck.control.goals import api as goals
from quarterdeck.control.inbox import api as inbox
from quarterdeck.control.keys import api as keys
from quarterdeck.control.lever import api as lever
from quarterdeck.control.limits import api as limits
from quarterdeck.control.members import api as members
from quarterdeck.control.members import session_api as session
from quarterdeck.control.needs import api as needs
from quarterdeck.control.notifications import api as notifications
from quarterdeck.control.portkey import api as portkey
from quarterdeck.control.projects import api as projects
from quarterdeck.control.protocol import api as protocol
from quarterdeck.control.providers import api as providers
from quarterdeck.control.questions import api as questions
from quarterdeck.control.replays import api as replays
from quarterdeck.control.reviews import agent_api as agent_reviews
from quarterdeck.control.reviews import api as reviews
from quarterdeck.control.routes import api as routes
from quarterdeck.control.runs import api as runs
from quarterdeck.control.schedules import api as schedules
from quarterdeck.control.schedules import hooks_api as hooks
from quarterdeck.control.seats import api as seats
from quarterdeck.control.settings import api as settings
from quarterdeck.control.shares import api as shares
from quarterdeck.control.signals import api as signals
from quarterdeck.control.squads import api as squads
from quarterdeck.control.status import api as status
from quarterdeck.control.tasks import api as tasks
from quarterdeck.control.tasks import bulk_api as bulk
from quarterdeck.control.templates import api as templates
from quarterdeck.control.transfer import api as transfer

ROUTERS: list[APIRouter] = [
    session.router,
    members.router,
    agents.router,
    status.router,
    instructions.router,
    instructions.agent_router,
    agent_templates.router,
    squads.router,
    keys.router,
    projects.router,
    goals.router,
    attachments.router,
    attachments.agent_router,
    bulk.router,
    tasks.router,
    adoption.router,
    dependencies.router,
    delegation.agent_router,
    schedules.router,
    hooks.router,
    templates.router,
    transfer.router,
    runs.router,
    runs.agent_router,
    lever.router,
    signals.router,
    deliverables.router,
    deliverables.agent_router,
    reviews.router,
    agent_reviews.agent_router,
    needs.router,
    notifications.router,
    push.router,
    channels.router,
    comments.router,
    comments.agent_router,
    questions.router,
    questions.agent_router,
    approvals.router,
    approvals.agent_router,
    inbox.agent_router,
    protocol.agent_router,
    counted_calls.router,
    calls.router,
    costs.router,
    done_costs.router,
    work_costs.router,
    seats.router,
    shares.router,
    report_card.router,
    evidence.router,
    replays.router,
    budgets.router,
    limits.router,
    routes.router,
    providers.router,
    audit.router,
    settings.router,
    connect.router,
    live.router,
    portkey.router,
]
