"""A whole cluster on one machine: PostgreSQL, NATS, Rostrum's nodes and HAProxy, by the files of deploy/.

`deploy/cluster` runs one for people, the fault tests run it to break it.
"""
