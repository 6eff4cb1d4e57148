// Made of openapi.json by `npm run gen:api`; do not change by hand.
export const constants = {
  "export_calls": 50000,
  "file_bytes": 209715200,
  "schedule_pause_after": {
    "most": 100,
    "usual": 5
  },
  "signal_floors_s": {
    "silent": 300,
    "stuck": 1200
  },
  "signals": [
    {
      "kind": "looping",
      "may_stop": true,
      "usual_response": "notify"
    },
    {
      "kind": "ping_pong",
      "may_stop": true,
      "usual_response": "notify"
    },
    {
      "kind": "stuck",
      "may_stop": true,
      "usual_response": "notify"
    },
    {
      "kind": "silent",
      "may_stop": true,
      "usual_response": "notify"
    },
    {
      "kind": "failing",
      "may_stop": true,
      "usual_response": "notify"
    },
    {
      "kind": "context_pressure",
      "may_stop": false,
      "usual_response": "notify"
    },
    {
      "kind": "cost_anomaly",
      "may_stop": true,
      "usual_response": "notify"
    },
    {
      "kind": "forecast",
      "may_stop": false,
      "usual_response": "notify"
    },
    {
      "kind": "provider_trouble",
      "may_stop": false,
      "usual_response": "notify"
    },
    {
      "kind": "unclaimed_traffic",
      "may_stop": false,
      "usual_response": "observe"
    }
  ],
  "template_built_in": [
    "date",
    "datetime",
    "day",
    "firing",
    "month",
    "payload",
    "schedule",
    "time",
    "tomorrow",
    "week",
    "weekday",
    "year",
    "yesterday"
  ],
  "template_hole": "\\{\\{\\s*([A-Za-z_][A-Za-z0-9_.]{0,199})\\s*\\}\\}"
} as const;
