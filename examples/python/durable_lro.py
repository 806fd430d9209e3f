"""A small typed helper for programs in Python: copy it into your own, it needs only `temporalio` and `rfc8785`.

    operation = await start(client, {"connection": "maps", "submit": {"path": "/tilesets"}}, id="tileset/campus-7")
    print(operation.accepted)       # the service's 202: from here on nothing is lost
    result = await operation.result()

The policies are the same as the TypeScript client's: one id, one request. A request that runs is joined, one that has succeeded gives its
recorded result, one that failed is started anew, and another request under the id is refused as `IdConflict`.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

import rfc8785
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

Json = Any


class BodyFile(TypedDict):
    url: NotRequired[str]
    path: NotRequired[str]
    contentType: NotRequired[str]


class Submit(TypedDict):
    path: str
    method: NotRequired[Literal["GET", "POST", "PUT", "PATCH", "DELETE"]]
    query: NotRequired[dict[str, str | int | float | bool]]
    headers: NotRequired[dict[str, str]]
    body: NotRequired[Json]
    bodyFile: NotRequired[BodyFile]
    idempotencyKey: NotRequired[str]


class Attach(TypedDict):
    statusUrl: str
    method: NotRequired[Literal["GET", "POST", "PUT", "PATCH", "DELETE"]]
    requestUrl: NotRequired[str]
    headers: NotRequired[dict[str, str]]


class Cancel(TypedDict):
    path: str
    method: NotRequired[Literal["GET", "POST", "PUT", "PATCH", "DELETE"]]


class FileRef(TypedDict):
    url: NotRequired[str]
    path: NotRequired[str]


class Operation(TypedDict):
    """Input of `runOperation` (schemas/run-operation.input.json): exactly one of `submit` and `attach`."""

    submit: NotRequired[Submit]
    attach: NotRequired[Attach]
    connection: NotRequired[str]
    deadlineSeconds: NotRequired[float]
    onUncertainSubmit: NotRequired[Literal["retry", "fail"]]
    cancel: NotRequired[Cancel]
    finalStateVia: NotRequired[Literal["azure-async-operation", "location", "original-uri", "operation-location"]]
    fetchResource: NotRequired[bool]
    resultFile: NotRequired[FileRef]
    labels: NotRequired[dict[str, str]]


class Acceptance(TypedDict):
    operationId: NotRequired[str]
    statusUrl: NotRequired[str]


class Result(TypedDict):
    """Result of `runOperation` (schemas/run-operation.result.json). Later versions may add fields."""

    status: str
    completedAt: str
    polls: int
    operationId: NotRequired[str]
    statusUrl: NotRequired[str]
    resourceLocation: NotRequired[str]
    resourceId: NotRequired[str]
    body: NotRequired[Json]
    resource: NotRequired[Json]
    warning: NotRequired[Json]
    labels: NotRequired[dict[str, str]]


class OperationError(Exception):
    """An operation that failed, or was refused. `details` is what the table of failures says (schemas/failure.json)."""

    def __init__(self, workflow_id: str, details: dict[str, Any]) -> None:
        super().__init__(f"{details['type']}: {details['message']}")
        self.workflow_id = workflow_id
        self.type: str = details["type"]
        self.details = details


@dataclass(frozen=True)
class Started:
    """An operation that runs, or has ended."""

    id: str
    handle: WorkflowHandle[Any, Any]
    accepted: Acceptance | None
    """What the service answered to the submit; None where the operation had succeeded before, and only its result is there."""

    async def result(self) -> Result:
        """Waits for the end, however long that takes. Raises OperationError."""
        try:
            result: Result = await self.handle.result()
        except WorkflowFailureError as error:
            raise _typed(self.id, error.cause) or error from error
        return result

    async def cancel(self) -> None:
        """Cancels it, at the service too where `cancel` says how."""
        await self.handle.cancel()

    async def poll_now(self) -> None:
        """Asks the service now instead of waiting."""
        await self.handle.signal("pollNow")


def digest(request: Any) -> str:
    """The SHA-256 of the RFC 8785 JSON of an input, in hex: what the memo `inputDigest` holds."""
    return hashlib.sha256(rfc8785.dumps(request)).hexdigest()


async def start(
    client: Client, operation: Operation, *, id: str, task_queue: str = "lro", timeout_seconds: float = 60
) -> Started:
    """Starts an operation, or joins it, and returns when the service has accepted it.

    Raises OperationError where it is refused (the service's 400, `InvalidInput`, `IdConflict`), and TimeoutError after `timeout_seconds`: the
    operation goes on then, and a call with the same id joins it.
    """
    beginning = WithStartWorkflowOperation(
        "runOperation",
        operation,
        id=id,
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    )
    handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(id)
    try:
        async with asyncio.timeout(timeout_seconds):
            accepted: Acceptance = await client.execute_update_with_start_workflow(
                "accepted", operation, id=f"accepted-{digest(operation)[:16]}", start_workflow_operation=beginning
            )
        return Started(id, handle, accepted)
    except WorkflowUpdateFailedError as error:
        raise _typed(id, error.cause) or error from error
    except WorkflowAlreadyStartedError:
        # It has succeeded before: the recorded result stands, if it is this request's.
        await _require_same(handle, id, operation)
        return Started(id, handle, None)


async def _require_same(handle: WorkflowHandle[Any, Any], id: str, operation: Operation) -> None:
    described = await handle.describe()
    recorded = await described.memo_value("inputDigest", None)
    if described.workflow_type != "runOperation" or recorded not in (None, digest(operation)):
        message = f'workflow id "{id}" belongs to another request of type {described.workflow_type}'
        raise OperationError(id, {"type": "IdConflict", "message": message})


def _typed(id: str, cause: BaseException | None) -> OperationError | None:
    if not isinstance(cause, ApplicationError) or len(cause.details) == 0 or not isinstance(cause.details[0], dict):
        return None
    return OperationError(id, cause.details[0])
