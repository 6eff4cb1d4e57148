"""All of Portkey's paths below one prefix; the gateway forwards /v1/… here."""

from fastapi import APIRouter

from quarterdeck.control.portkey import analytics_api, catalogue_api, configs_api, feedback_api, logs_api, rest_api

router = APIRouter(prefix="/portkey")
for _each in (feedback_api, logs_api, configs_api, catalogue_api, analytics_api, rest_api):
    # The last one answers whatever the others do not.
    router.include_router(_each.router)
