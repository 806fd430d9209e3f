import asyncio
import os
import sys

from temporalio.client import Client

from durable_lro import OperationError, start


async def main(dataset_id: str) -> None:
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"))
    try:
        operation = await start(
            client,
            {"connection": "maps", "submit": {"path": "/tilesets", "query": {"datasetId": dataset_id}}},
            id=f"tileset/{dataset_id}",
            task_queue=os.environ.get("LRO_TASK_QUEUE", "lro"),
        )
        if operation.accepted is not None:
            print("accepted:", operation.accepted.get("operationId"))  # the service's 202; from here on nothing is lost
        result = await operation.result()
        print("location:", result.get("resourceLocation"))
    except OperationError as error:
        print(error)  # typed: see the table of failures


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "no-such-dataset"))
# Only for programs as short as this one: the SDK's threads can crash Python while it shuts down (temporalio/sdk-python, issue 300).
sys.stdout.flush()
os._exit(0)
