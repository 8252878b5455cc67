"""Compares the webhooks that came with what was done: each once under its id, with its exact content, posts in order."""
from collections import Counter

from hooks import EVENTS
from plan import OWN


def expected_webhooks(record, book, plan):
    """By channel: how often each content must come, and the posts in order."""
    expected = {}
    for number, (channel, of) in enumerate(zip(plan.channels, record.channels)):
        some = Counter()
        head = {"Official_Account": channel.name}
        some[frozen({"CallbackCommand": EVENTS[0], **head, "Operator_Account": "administrator", "Owner_Account": "owner",
                     "Name": f"Soak {number}"})] += 1
        for text in of.edits:
            some[frozen({"CallbackCommand": EVENTS[1], **head, "Operator_Account": "administrator",
                         "Introduction": text})] += 1
        for user, is_coming, operator in subscriptions(number, of, book, plan):
            some[frozen({"CallbackCommand": EVENTS[2 if is_coming else 3], **head, "Operator_Account": operator,
                         "SubscribeAccountList": [{"Subscriber_Account": user}]})] += 1
        for key in of.recalls:
            some[frozen({"CallbackCommand": EVENTS[5], **head, "WithdrawMsgList": [{"MsgKey": key}]})] += 1
        expected[channel.name] = some
    return expected


def subscriptions(number, of, book, plan):
    for change in of.changes:
        yield change.user, change.is_coming, "administrator"
    for tenure in book.tenures:
        member = plan.members[tenure.session]
        if tenure.channel == number and member.kind == OWN:
            if tenure.asked:
                yield member.user, True, member.user
            if tenure.ended:
                yield member.user, False, member.user


def frozen(value):
    if isinstance(value, dict):
        return tuple(sorted((name, frozen(part)) for name, part in value.items()))
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value


def judge_webhooks(deliveries, record, book, plan, verdict):
    expected = expected_webhooks(record, book, plan)
    found = {channel.name: Counter() for channel in plan.channels}
    posts = {channel.name: [] for channel in plan.channels}
    for body in deliveries:
        name = body.get("Official_Account")
        if name not in found:
            verdict.problems.append(f"nothing that was done is told of by {body}")
        elif body["CallbackCommand"] == EVENTS[4]:
            posts[name].append(body)
        elif body["CallbackCommand"] == EVENTS[2] and body["Operator_Account"] == "administrator" \
                and len(body["SubscribeAccountList"]) > 1:
            for item in body["SubscribeAccountList"]:
                found[name][f"first {item['Subscriber_Account']}"] += 1
        else:
            found[name][frozen(body)] += 1
    for channel, of in zip(plan.channels, record.channels):
        for user in channel.subscribers:
            expected[channel.name][f"first {user}"] += 1
        judge_channel_webhooks(channel.name, expected[channel.name], found[channel.name], verdict)
        judge_post_webhooks(channel.name, posts[channel.name], of, verdict)


def judge_channel_webhooks(name, expected, found, verdict):
    for what, count in (expected - found).items():
        verdict.add("webhooks_missing", count, f"{name}: {what} did not come {count} times")
    for what, count in (found - expected).items():
        verdict.problems.append(f"{name}: {what} came {count} times too often")


def judge_post_webhooks(name, bodies, of, verdict):
    numbers = [int(body["MsgKey"].split("_")[0]) for body in bodies]
    if absent := set(of.posts) - set(numbers):
        verdict.add("webhooks_missing", len(absent), f"{name}: no webhook of posts {sorted(absent)[:10]}")
    if numbers != sorted(set(numbers)):
        verdict.problems.append(f"{name}: webhooks of posts in the order {numbers[:50]}")
    for number, body in zip(numbers, bodies):
        post = of.posts.get(number)
        wanted = post and {"MsgKey": post.key, "MsgTime": post.time, "OnlineOnlyFlag": int(post.is_online_only)}
        if not post or body["MsgBody"][0] != post.content or any(body[name] != value for name, value in wanted.items()):
            verdict.problems.append(f"{name}: the webhook of post {number} is {body}, for {post}")
