"""The stand-ins' HTTP server: `Sim` inside a test's event loop, `serve` as a process of its own.

HTTP/1.1 by hand on an asyncio Protocol with timers: no task per request and none per token, because it shares
its cores with what is measured; and faults such as a TCP reset or half a character per segment need the bare
transport, which HTTP servers hide.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import sys
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from evals.sim.anthropic import AnthropicFormat
from evals.sim.faults import Fault
from evals.sim.http import Connection, Head, Request
from evals.sim.openai import OpenAIFormat
from evals.sim.play import bend, end_of, plan
from evals.sim.script import Body, Reply, Script, Vendor, pieces
from evals.sim.settings import Record, Settings
from evals.sim.usage import PromptCache, Tokens, count
from evals.sim.wire import HTML_502, Answer, Format, Refused, refused

FORMATS: dict[Vendor, Format] = {"anthropic": AnthropicFormat(), "openai": OpenAIFormat()}
PATHS: dict[str, Vendor] = {"/v1/messages": "anthropic", "/v1/chat/completions": "openai"}
THINKING_TOKENS = 64
LARGEST = 32 * 2**20


class Sim:
    """Both vendors on one port, as an async context manager."""

    def __init__(self, settings: Settings | None = None, script: Script | None = None) -> None:
        self.settings = settings or Settings()
        self.script = script or Script()
        self.requests: list[Record] = []
        """What was asked of models, in the order of arrival; the list of models is not counted."""
        self.connections: set[Connection] = set()
        lifetimes = self.settings.cache_lifetimes
        self.caches: dict[Vendor, PromptCache] = {
            vendor: PromptCache(self.settings.cache_min_tokens, lifetimes) for vendor in FORMATS
        }
        self._server: asyncio.Server | None = None
        self.opened = 0
        """How many connections were ever made."""

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._server is None:
            raise RuntimeError("the stand-in does not listen: use `async with Sim()`")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def anthropic_url(self) -> str:
        """What `base_url` of the anthropic SDK must be."""
        return f"http://{self.settings.host}:{self.port}"

    @property
    def openai_url(self) -> str:
        """What `base_url` of the openai SDK must be."""
        return f"{self.anthropic_url}/v1"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, self.settings.host, self.settings.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            for connection in list(self.connections):
                connection.drop()
            await self._server.wait_closed()
            # A turn of the loop for the transports to close, so that none is left to the collector.
            await asyncio.sleep(0)

    def _connect(self) -> Connection:
        self.opened += 1
        return Connection(self._handle, self.connections)

    def _handle(self, connection: Connection, request: Request) -> None:
        vendor = PATHS.get(request.path)
        if vendor is None:
            vendor = "anthropic" if "anthropic-version" in request.headers else "openai"
        request_id = f"req_{secrets.token_hex(8)}"
        try:
            if request.path in PATHS and request.method == "POST":
                self._answer(connection, self._record(vendor, request), request_id)
            else:
                self._list_models(connection, vendor, request, request_id)
        except Refused as refusal:
            _refuse(connection, vendor, refusal, request_id)

    def _list_models(self, connection: Connection, vendor: Vendor, request: Request, request_id: str) -> None:
        self._authorize(vendor, request.headers)
        if request.path != "/v1/models" or request.method != "GET":
            raise Refused(404, f"Not found: {request.method} {request.path}")
        connection.send(200, FORMATS[vendor].models(self._models(vendor)), _headers(vendor, request_id))

    def _record(self, vendor: Vendor, request: Request) -> Record:
        record = Record(
            vendor, request.path, request.headers, "", request.body, {}, request.arrived, time.time()
        )
        if len(self.requests) < self.settings.keep:
            self.requests.append(record)
        return record

    def _answer(self, connection: Connection, record: Record, request_id: str) -> None:
        try:
            record.key = self._authorize(record.vendor, record.headers)
            record.body = _parse(record.raw)
            FORMATS[record.vendor].check(record.body, record.headers, self._models(record.vendor))
            record.reply = self._reply(record.vendor, record.body)
            reply = bend(record.reply)
            if reply.fault and reply.fault.after is None:
                self._fail(connection, record, reply.fault)
            else:
                self._speak(connection, record, reply, request_id)
        except Refused as refusal:
            record.status = refusal.status
            raise

    def _reply(self, vendor: Vendor, body: Body) -> Reply:
        reply = self.script.reply(vendor, body)
        if reply.fault and reply.fault.code == "tools_unsupported" and not body.get("tools"):
            return replace(reply, fault=None)
        return reply

    def _fail(self, connection: Connection, record: Record, fault: Fault) -> None:
        if fault.kind == "status":
            raise refused(fault, str(record.body["model"]))
        connection.play(record, None, [], end_of(fault))

    def _speak(self, connection: Connection, record: Record, reply: Reply, request_id: str) -> None:
        form = FORMATS[record.vendor]
        answer = self._compose(record, reply)
        record.used = answer.used
        headers = _headers(record.vendor, request_id)
        if not record.body.get("stream"):
            length = len(answer.pieces) / reply.tokens_per_s if reply.tokens_per_s else 0.0
            wait = reply.ttft_s + length + (reply.thinking_s if answer.thinks else 0.0)
            connection.send(200, form.whole(answer), headers, record=record, wait=wait)
            return
        ping_s = self.settings.ping_s
        planned = plan(form.stream(answer), reply, thinks=answer.thinks, ping_s=ping_s)
        head = Head(200, "text/event-stream; charset=utf-8", headers)
        connection.play(
            record, head, planned.steps, planned.end, ping=planned.ping, ping_s=self.settings.ping_s
        )

    def _compose(self, record: Record, reply: Reply) -> Answer:
        body = record.body
        cache = self.caches[record.vendor]
        read = cache.anthropic if record.vendor == "anthropic" else cache.openai
        used = read(body, record.arrived)
        if used.prompt > self.settings.context_tokens:
            words = f"prompt is too long: {used.prompt} tokens > {self.settings.context_tokens} maximum"
            raise Refused(400, words, code="too_long")
        thinks = FORMATS[record.vendor].thinks(body)
        spoken = pieces(reply.text)
        most = body.get("max_tokens", body.get("max_completion_tokens"))
        tools = reply.tools
        if most is not None and len(spoken) > most:
            spoken, tools, reply = spoken[:most], (), Reply(stop="length")
        thinking = THINKING_TOKENS if thinks else 0
        output = len(spoken) + sum(count(tool.arguments) + 8 for tool in tools) + thinking
        used = Tokens(used.fresh, used.cache_read, used.cache_write, output, thinking)
        name = secrets.token_hex(8)
        return Answer(name, body, reply, used, int(record.arrived_epoch), thinks, spoken, tools)

    def _authorize(self, vendor: Vendor, headers: dict[str, str]) -> str:
        key = headers.get("authorization", "").removeprefix("Bearer ").strip()
        if vendor == "anthropic" and not key and headers.get("anthropic-version") == "2023-06-01":
            key = headers.get("x-api-key", "")
        if key not in self.settings.keys:
            raise Refused(
                401, "Incorrect API key provided." if vendor == "openai" else "invalid bearer token"
            )
        return key

    def _models(self, vendor: Vendor) -> tuple[str, ...]:
        return self.settings.anthropic_models if vendor == "anthropic" else self.settings.openai_models


def _parse(raw: bytes) -> Body:
    if len(raw) > LARGEST:
        raise Refused(413, "Request exceeds the maximum size")
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise Refused(400, f"The request body is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused(400, "The request body must be an object")
    return body


def _headers(vendor: Vendor, request_id: str) -> dict[str, str]:
    if vendor == "openai":
        return {"x-request-id": request_id, "x-ratelimit-remaining-requests": "999"}
    return {"request-id": request_id, "anthropic-ratelimit-requests-remaining": "999"}


def _refuse(connection: Connection, vendor: Vendor, refusal: Refused, request_id: str) -> None:
    headers = _headers(vendor, request_id)
    if refusal.retry_after is not None:
        headers["retry-after"] = f"{refusal.retry_after:g}"
    if refusal.status == 502:
        connection.send(502, HTML_502, headers, kind="text/html")
    else:
        connection.send(refusal.status, FORMATS[vendor].error(refusal, request_id), headers)


async def serve(settings: Settings, script: Script | None = None) -> None:
    """Serve until SIGINT or SIGTERM; print one JSON line with the base URLs as soon as it listens."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with Sim(settings, script) as sim:
        sys.stdout.write(json.dumps({"anthropic": sim.anthropic_url, "openai": sim.openai_url}) + "\n")
        sys.stdout.flush()
        await stopped.wait()
