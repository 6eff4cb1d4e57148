"""The official SDKs, each asked for a feature in its own words."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anthropic
import boto3
import botocore.exceptions
import cohere
import cohere.core.api_error
import httpx
import mistralai.client
import openai
from botocore.config import Config
from google import genai
from google.genai import types
from openai.lib.streaming.chat import ChatCompletionStreamState

from clients.matrix.features import BRIEF, CAP, PIXEL, SCHEMA, TOOL, Got, words

Ask = Callable[[str, str, bool], Awaitable[Got]]
"""(feature, model, stream) → what the SDK gives."""
NAME, ABOUT, _ = TOOL
CITIES = ("Oslo", "Rome")
RESULTS = ("cold", "hot")


def _args(text: str) -> str:
    return str(json.loads(text)["city"])


# OpenAI chat completions


def _chat_request(feature: str, model: str, stream: bool) -> dict[str, Any]:
    content: Any = words(feature)
    if feature == "image":
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        content = [{"type": "text", "text": words(feature)}, image]
    messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
    asked: dict[str, Any] = {"model": model, "messages": messages}
    tool = {"type": "function", "function": {"name": NAME, "description": ABOUT, "parameters": SCHEMA}}
    match feature:
        case "system":
            messages.insert(0, {"role": "system", "content": BRIEF})
        case "tools":
            asked["tools"] = [tool]
        case "tool_results":
            asked["tools"] = [tool]
            calls = [
                {"id": f"call_{n}", "type": "function", "function": {"name": NAME, "arguments": f'{{"city":"{city}"}}'}}
                for n, city in enumerate(CITIES)
            ]
            messages.append({"role": "assistant", "tool_calls": calls, "content": None})
            for n, result in enumerate(RESULTS):
                messages.append({"role": "tool", "tool_call_id": f"call_{n}", "content": result})
        case "structured_output":
            schema = {"name": "place", "schema": SCHEMA, "strict": True}
            asked["response_format"] = {"type": "json_schema", "json_schema": schema}
        case "reasoning":
            asked["reasoning_effort"] = "low"
        case "stop":
            asked["stop"] = ["END"]
        case "max_tokens":
            asked["max_completion_tokens"] = CAP
    if stream:
        asked |= {"stream": True, "stream_options": {"include_usage": True}}
    return asked


_CHAT_STOPS = {"stop": "end", "length": "length", "tool_calls": "tools"}


def _openai_chat(client: openai.AsyncOpenAI) -> Ask:
    async def ask(feature: str, model: str, stream: bool) -> Got:
        asked = _chat_request(feature, model, stream)
        try:
            answer: Any = await client.chat.completions.create(**asked)
            if stream:
                state = ChatCompletionStreamState()
                thoughts = []
                async for chunk in answer:
                    state.handle_chunk(chunk)
                    for choice in chunk.choices:
                        thoughts.append(getattr(choice.delta, "reasoning_content", None) or "")
                answer, thought = state.current_completion_snapshot, "".join(thoughts)
            else:
                thought = getattr(answer.choices[0].message, "reasoning_content", None) or ""
        except openai.APIStatusError as error:
            return Got(error=(error.status_code, error.body["message"]), usage=None)  # type: ignore[index]
        message = answer.choices[0].message
        calls = tuple((call.function.name, _args(call.function.arguments)) for call in message.tool_calls or [])
        usage = (answer.usage.prompt_tokens, answer.usage.completion_tokens)
        return Got(message.content or "", calls, thought, _CHAT_STOPS[answer.choices[0].finish_reason], usage)

    return ask


def _mistral(client: mistralai.client.Mistral) -> Ask:
    async def ask(feature: str, model: str, stream: bool) -> Got:
        asked = _chat_request(feature, model, False)
        if "max_completion_tokens" in asked:
            asked["max_tokens"] = asked.pop("max_completion_tokens")
        text = ""
        calls: dict[int, list[str]] = {}
        try:
            if not stream:
                answer: Any = await client.chat.complete_async(**asked)
                choice = answer.choices[0]
                found = [
                    (call.function.name, _args(call.function.arguments)) for call in choice.message.tool_calls or []
                ]
                usage = (answer.usage.prompt_tokens, answer.usage.completion_tokens)
                return Got(choice.message.content or "", tuple(found), "", _CHAT_STOPS[choice.finish_reason], usage)
            reason, counted = "stop", None
            async for event in await client.chat.stream_async(**asked):
                counted = event.data.usage or counted
                for choice in event.data.choices:
                    text += choice.delta.content or ""
                    reason = choice.finish_reason or reason
                    for call in choice.delta.tool_calls or []:
                        held = calls.setdefault(call.index or 0, ["", ""])
                        held[0] += call.function.name or ""
                        held[1] += call.function.arguments or ""
        except mistralai.client.errors.SDKError as error:
            return Got(error=(error.status_code, json.loads(error.body)["error"]["message"]), usage=None)
        streamed = tuple((name, _args(arguments)) for name, arguments in calls.values())
        return Got(
            text, streamed, "", _CHAT_STOPS[reason], counted and (counted.prompt_tokens, counted.completion_tokens)
        )

    return ask


# OpenAI responses


def _openai_responses(client: openai.AsyncOpenAI) -> Ask:
    async def ask(feature: str, model: str, stream: bool) -> Got:
        try:
            asked = _responses_request(feature, model)
            if stream:
                async with client.responses.stream(**asked) as events:
                    # Its own last response is there only when it was not cut by the cap.
                    ends = ("response.completed", "response.incomplete")
                    answer: Any = [event.response async for event in events if event.type in ends][-1]
            else:
                answer = await client.responses.create(**asked)
        except openai.APIStatusError as error:
            return Got(error=(error.status_code, error.body["message"]), usage=None)  # type: ignore[index]
        calls = tuple((i.name, _args(i.arguments)) for i in answer.output if i.type == "function_call")
        thoughts = [
            part.text
            for item in answer.output
            if item.type == "reasoning"
            for part in (item.summary or []) + (item.content or [])
        ]
        cut = answer.status == "incomplete" and answer.incomplete_details.reason == "max_output_tokens"
        stop = "tools" if calls else "length" if cut else "end"
        usage = (answer.usage.input_tokens, answer.usage.output_tokens)
        return Got(answer.output_text, calls, "".join(thoughts), stop, usage)

    return ask


def _responses_request(feature: str, model: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = [{"role": "user", "content": words(feature)}]
    asked: dict[str, Any] = {"model": model, "input": items}
    tool = {"type": "function", "name": NAME, "description": ABOUT, "parameters": SCHEMA, "strict": True}
    match feature:
        case "system":
            asked["instructions"] = BRIEF
        case "image":
            image = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"}
            items[0]["content"] = [{"type": "input_text", "text": words(feature)}, image]
        case "tools":
            asked["tools"] = [tool]
        case "tool_results":
            asked["tools"] = [tool]
            for n, city in enumerate(CITIES):
                call = {
                    "type": "function_call",
                    "call_id": f"call_{n}",
                    "name": NAME,
                    "arguments": f'{{"city":"{city}"}}',
                }
                items.append(call)
            for n, result in enumerate(RESULTS):
                items.append({"type": "function_call_output", "call_id": f"call_{n}", "output": result})
        case "structured_output":
            asked["text"] = {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA, "strict": True}}
        case "reasoning":
            asked["reasoning"] = {"effort": "low"}
        case "max_tokens":
            asked["max_output_tokens"] = CAP
    return asked


# Anthropic messages


def _anthropic(client: anthropic.AsyncAnthropic) -> Ask:
    stops = {"end_turn": "end", "max_tokens": "length", "tool_use": "tools", "stop_sequence": "stop_sequence"}

    async def ask(feature: str, model: str, stream: bool) -> Got:
        asked = _messages_request(feature, model)
        try:
            if stream:
                async with client.messages.stream(**asked) as events:
                    answer: Any = await events.get_final_message()
            else:
                answer = await client.messages.create(**asked)
        except anthropic.APIStatusError as error:
            return Got(error=(error.status_code, error.body["error"]["message"]), usage=None)  # type: ignore[index]
        text = "".join(block.text for block in answer.content if block.type == "text")
        calls = tuple((block.name, block.input["city"]) for block in answer.content if block.type == "tool_use")
        thought = "".join(block.thinking for block in answer.content if block.type == "thinking")
        usage = (answer.usage.input_tokens, answer.usage.output_tokens)
        return Got(text, calls, thought, stops[answer.stop_reason], usage)

    return ask


def _messages_request(feature: str, model: str) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": words(feature)}]
    asked: dict[str, Any] = {"model": model, "max_tokens": CAP, "messages": messages}
    tool = {"name": NAME, "description": ABOUT, "input_schema": SCHEMA}
    match feature:
        case "system":
            asked["system"] = BRIEF
        case "image":
            image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
            messages[0]["content"] = [{"type": "text", "text": words(feature)}, image]
        case "tools":
            asked["tools"] = [tool]
        case "tool_results":
            asked["tools"] = [tool]
            calls = [
                {"type": "tool_use", "id": f"toolu_{n}", "name": NAME, "input": {"city": city}}
                for n, city in enumerate(CITIES)
            ]
            results = [
                {"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": result}
                for n, result in enumerate(RESULTS)
            ]
            messages += [{"role": "assistant", "content": calls}, {"role": "user", "content": results}]
        case "structured_output":
            asked["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
        case "reasoning":
            asked["thinking"] = {"type": "enabled", "budget_tokens": 2000}
        case "stop":
            asked["stop_sequences"] = ["END"]
    return asked


# Gemini


def _gemini(client: genai.Client) -> Ask:
    async def ask(feature: str, model: str, stream: bool) -> Got:
        contents, config = _generate_request(feature)
        try:
            if not stream:
                answers = [await client.aio.models.generate_content(model=model, contents=contents, config=config)]
            else:
                answers = [
                    chunk
                    async for chunk in await client.aio.models.generate_content_stream(
                        model=model, contents=contents, config=config
                    )
                ]
        except genai.errors.APIError as error:
            return Got(error=(error.code, error.message or ""), usage=None)
        text = thought = ""
        calls = []
        stop = "end"
        usage = None
        for answer in answers:
            for candidate in answer.candidates or []:
                for part in (candidate.content.parts if candidate.content else None) or []:
                    if part.thought:
                        thought += part.text or ""
                    else:
                        text += part.text or ""
                    if part.function_call:
                        calls.append((part.function_call.name or "", str((part.function_call.args or {})["city"])))
                if candidate.finish_reason == types.FinishReason.MAX_TOKENS:
                    stop = "length"
            counted = answer.usage_metadata
            if counted is not None and counted.prompt_token_count is not None:
                usage = (counted.prompt_token_count, counted.candidates_token_count or 0)
        return Got(text, tuple(calls), thought, "tools" if calls else stop, usage)

    return ask


def _generate_request(feature: str) -> tuple[list[types.Content], types.GenerateContentConfig]:
    parts = [types.Part(text=words(feature))]
    if feature == "image":
        parts.append(types.Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/png"))
    contents = [types.Content(role="user", parts=parts)]
    config = types.GenerateContentConfig()
    declared = types.FunctionDeclaration(name=NAME, description=ABOUT, parameters_json_schema=SCHEMA)
    match feature:
        case "system":
            config.system_instruction = BRIEF
        case "tools":
            config.tools = [types.Tool(function_declarations=[declared])]
        case "tool_results":
            config.tools = [types.Tool(function_declarations=[declared])]
            calls = [types.Part.from_function_call(name=NAME, args={"city": city}) for city in CITIES]
            results = [types.Part.from_function_response(name=NAME, response={"result": r}) for r in RESULTS]
            contents += [types.Content(role="model", parts=calls), types.Content(role="user", parts=results)]
        case "structured_output":
            config.response_mime_type, config.response_json_schema = "application/json", SCHEMA
        case "reasoning":
            config.thinking_config = types.ThinkingConfig(thinking_budget=2000, include_thoughts=True)
        case "stop":
            config.stop_sequences = ["END"]
        case "max_tokens":
            config.max_output_tokens = CAP
    return contents, config


# Cohere


def _cohere(client: cohere.AsyncClientV2) -> Ask:
    stops = {"COMPLETE": "end", "MAX_TOKENS": "length", "TOOL_CALL": "tools", "STOP_SEQUENCE": "stop_sequence"}

    async def ask(feature: str, model: str, stream: bool) -> Got:
        asked = _cohere_request(feature, model)
        try:
            if stream:
                return await _cohere_stream(client, asked, stops)
            answer: Any = await client.chat(**asked)
        except cohere.core.api_error.ApiError as error:
            return Got(error=(error.status_code or 0, error.body["message"]), usage=None)
        content = answer.message.content or []
        text = "".join(part.text for part in content if part.type == "text")
        thought = "".join(part.thinking for part in content if part.type == "thinking")
        calls = tuple((call.function.name, _args(call.function.arguments)) for call in answer.message.tool_calls or [])
        billed = answer.usage.billed_units
        usage = (int(billed.input_tokens), int(billed.output_tokens))
        return Got(text, calls, thought, stops[answer.finish_reason], usage)

    return ask


async def _cohere_stream(client: cohere.AsyncClientV2, asked: dict[str, Any], stops: dict[str, str]) -> Got:
    text = thought = ""
    calls: list[list[str]] = []
    stop, usage = "end", None
    events: Any = client.chat_stream(**asked)
    async for event in events:
        match event.type:
            case "content-delta":
                text += event.delta.message.content.text or ""
                thought += event.delta.message.content.thinking or ""
            case "tool-call-start":
                call = event.delta.message.tool_calls
                calls.append([call.function.name, call.function.arguments or ""])
            case "tool-call-delta":
                calls[-1][1] += event.delta.message.tool_calls.function.arguments
            case "message-end":
                stop = stops[event.delta.finish_reason]
                billed = event.delta.usage.billed_units
                usage = (int(billed.input_tokens), int(billed.output_tokens))
    return Got(text, tuple((name, _args(arguments)) for name, arguments in calls), thought, stop, usage)


def _cohere_request(feature: str, model: str) -> dict[str, Any]:
    asked = _chat_request(feature, model, False)
    asked.pop("reasoning_effort", None)
    asked["request_options"] = {"max_retries": 0}
    match feature:
        case "structured_output":
            asked["response_format"] = {"type": "json_object", "json_schema": SCHEMA}
        case "reasoning":
            asked["thinking"] = {"type": "enabled", "token_budget": 2000}
        case "stop":
            asked["stop_sequences"] = asked.pop("stop")
        case "max_tokens":
            asked["max_tokens"] = asked.pop("max_completion_tokens")
        case "tool_results":
            del asked["messages"][1]["content"]
    return asked


# Bedrock


def _bedrock(client: Any) -> Ask:
    stops = {"end_turn": "end", "max_tokens": "length", "tool_use": "tools", "stop_sequence": "stop_sequence"}

    def ask_now(feature: str, model: str, stream: bool) -> Got:
        asked = _converse_request(feature, model)
        try:
            if stream:
                return _converse_stream(client.converse_stream(**asked)["stream"], stops)
            answer = client.converse(**asked)
        except botocore.exceptions.ClientError as error:
            said = error.response
            return Got(error=(said["ResponseMetadata"]["HTTPStatusCode"], said["Error"]["Message"]), usage=None)
        content = answer["output"]["message"]["content"]
        text = "".join(block["text"] for block in content if "text" in block)
        calls = tuple((b["toolUse"]["name"], b["toolUse"]["input"]["city"]) for b in content if "toolUse" in b)
        thoughts = [b["reasoningContent"]["reasoningText"]["text"] for b in content if "reasoningContent" in b]
        usage = (answer["usage"]["inputTokens"], answer["usage"]["outputTokens"])
        return Got(text, calls, "".join(thoughts), stops[answer["stopReason"]], usage)

    async def ask(feature: str, model: str, stream: bool) -> Got:
        return await asyncio.to_thread(ask_now, feature, model, stream)

    return ask


def _converse_stream(stream: Any, stops: dict[str, str]) -> Got:
    text = thought = ""
    calls: dict[int, list[str]] = {}
    stop, usage = "end", None
    for event in stream:
        if start := event.get("contentBlockStart"):
            calls[start["contentBlockIndex"]] = [start["start"]["toolUse"]["name"], ""]
        elif grown := event.get("contentBlockDelta"):
            delta = grown["delta"]
            text += delta.get("text", "")
            thought += delta.get("reasoningContent", {}).get("text", "")
            if "toolUse" in delta:
                calls[grown["contentBlockIndex"]][1] += delta["toolUse"]["input"]
        elif ended := event.get("messageStop"):
            stop = stops[ended["stopReason"]]
        elif told := event.get("metadata"):
            usage = (told["usage"]["inputTokens"], told["usage"]["outputTokens"])
    return Got(text, tuple((name, _args(arguments)) for name, arguments in calls.values()), thought, stop, usage)


def _converse_request(feature: str, model: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"text": words(feature)}]
    messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
    asked: dict[str, Any] = {"modelId": model, "messages": messages}
    tools = {"tools": [{"toolSpec": {"name": NAME, "description": ABOUT, "inputSchema": {"json": SCHEMA}}}]}
    match feature:
        case "system":
            asked["system"] = [{"text": BRIEF}]
        case "image":
            content.append({"image": {"format": "png", "source": {"bytes": base64.b64decode(PIXEL)}}})
        case "tools":
            asked["toolConfig"] = tools
        case "tool_results":
            asked["toolConfig"] = tools
            calls = [
                {"toolUse": {"toolUseId": f"t{n}", "name": NAME, "input": {"city": city}}}
                for n, city in enumerate(CITIES)
            ]
            results = [
                {"toolResult": {"toolUseId": f"t{n}", "content": [{"text": result}]}}
                for n, result in enumerate(RESULTS)
            ]
            messages += [{"role": "assistant", "content": calls}, {"role": "user", "content": results}]
        case "structured_output":
            schema = {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "place"}}
            asked["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": schema}}
        case "reasoning":
            thinking = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
            asked["additionalModelRequestFields"] = thinking
        case "stop":
            asked["inferenceConfig"] = {"stopSequences": ["END"]}
        case "max_tokens":
            asked["inferenceConfig"] = {"maxTokens": CAP}
    return asked


@asynccontextmanager
async def sdks(url: str, key: str) -> AsyncIterator[dict[str, Ask]]:
    """Every SDK on the gateway at `url`, by the dialect it speaks; Mistral's speaks OpenAI's chat."""
    async with AsyncExitStack() as stack:
        chat = await stack.enter_async_context(openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0))
        messages = await stack.enter_async_context(anthropic.AsyncAnthropic(base_url=url, api_key=key, max_retries=0))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
        google = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url))
        stack.push_async_callback(google.aio.aclose)
        mistral = await stack.enter_async_context(mistralai.client.Mistral(api_key=key, server_url=url))
        aws = boto3.client(
            "bedrock-runtime",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key="unused",
            config=Config(retries={"max_attempts": 0}),
        )
        stack.callback(aws.close)
        yield {
            "openai_chat": _openai_chat(chat),
            "openai_responses": _openai_responses(chat),
            "anthropic": _anthropic(messages),
            "gemini": _gemini(google),
            "cohere": _cohere(cohere.AsyncClientV2(api_key=key, base_url=url, httpx_client=http)),
            "bedrock": _bedrock(aws),
            "mistral": _mistral(mistral),
        }
