"""The bank's core, as far as it listens: a rule on the stack's bus, its queue, and each event among the messages."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.local.cloud import Cloud
from infra.local.provider_calls import Submission
from infra.local.providers import Mailbox
from invoicing.notices import Channel

NAME = "core-listener"
_PATTERN = {"source": ["invoicing"]}


@contextmanager
def listen_to_events(cloud: Cloud, mailbox: Mailbox) -> Iterator[None]:
    """For the length of the block; what nobody polled by its end is lost."""
    url = _subscribe(cloud)
    over = threading.Event()
    thread = threading.Thread(target=_poll, args=(cloud, url, mailbox, over), name=NAME)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _subscribe(cloud: Cloud) -> str:
    """All of our events to a queue of its own; the queue's address."""
    sqs, events, bus = cloud.client("sqs"), cloud.client("events"), cloud.outputs["EventBusName"]
    url: str = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(Name=NAME, EventBusName=bus, EventPattern=json.dumps(_PATTERN))["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule=NAME, EventBusName=bus, Targets=[{"Id": NAME, "Arn": arn}])
    return url


def _poll(cloud: Cloud, url: str, mailbox: Mailbox, over: threading.Event) -> None:
    sqs = cloud.client("sqs")
    while not over.is_set():
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            submission = _read_event(json.loads(message["Body"]))
            mailbox.count_request(submission)
            mailbox.accept(submission, None)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if "Messages" not in answer:
            over.wait(0.5)


def _read_event(event: dict[str, Any]) -> Submission:
    return Submission(
        Channel.EVENT,
        event["detail"]["biller_id"],
        event["source"],
        json.dumps(event["detail"], ensure_ascii=False, indent=2),
        reference=event["detail"]["id"],
        subject=event["detail-type"],
    )
