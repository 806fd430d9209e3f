import asyncio
import hashlib
import json
import os
import sys

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError


async def main(dataset_id: str) -> None:
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"))
    workflow_id = f"tileset/{dataset_id}"
    operation = {"connection": "maps", "submit": {"path": "/tilesets", "query": {"datasetId": dataset_id}}}
    # RFC 8785 for inputs without fractions; the package rfc8785 does it for all.
    canonical = json.dumps(operation, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    update_id = f"accepted-{hashlib.sha256(canonical.encode()).hexdigest()[:16]}"
    start = WithStartWorkflowOperation(
        "runOperation",
        operation,
        id=workflow_id,
        task_queue=os.environ.get("LRO_TASK_QUEUE", "lro"),
        # The same id is the same operation: one that runs is joined, only one that failed is started anew.
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    )
    try:
        try:
            # With the input as its argument: another request under this id is refused as IdConflict.
            accepted = await client.execute_update_with_start_workflow(
                "accepted", operation, id=update_id, start_workflow_operation=start
            )
            print("accepted:", accepted["operationId"])  # the service's 202; from here on nothing is lost
        except WorkflowAlreadyStartedError:
            pass  # It has succeeded before: the recorded result follows.
        result = await client.get_workflow_handle(workflow_id).result()
        print("location:", result["resourceLocation"])
    except (WorkflowUpdateFailedError, WorkflowFailureError) as error:
        failure = error.cause.details[0]  # typed: see the table of failures
        print(f"{failure['type']}: {failure['message']}")


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "no-such-dataset"))
# Only for programs as short as this one: the SDK's threads can crash Python while it shuts down (temporalio/sdk-python, issue 300).
sys.stdout.flush()
os._exit(0)
