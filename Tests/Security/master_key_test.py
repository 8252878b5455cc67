#!/usr/bin/env python3
"""Another master key for a cluster, whose nodes go on answering."""
import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True

from scene import BINARY, BODY, NUMBER, code, exchange, post, target  # noqa: E402
from loopback.cluster import Cluster  # noqa: E402
from loopback.programs import wait_until  # noqa: E402
from rest import Application  # noqa: E402

KEY = "2b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfe"


class MasterKeyTest(unittest.TestCase):
    def test_prepare_hand_out_rotate_hand_out(self):
        with Cluster(BINARY) as cluster:
            cluster.make_application(NUMBER, KEY)
            files = self.give_files(cluster)
            application = Application(NUMBER, KEY)
            answers, ended = [], threading.Event()

            def call():
                while not ended.wait(0.1):
                    for node in cluster.nodes:
                        # Nobody answers while the node is restarted.
                        with contextlib.suppress(OSError):
                            if answer := exchange(node.port, post(target(application), BODY, ["Connection: close"])):
                                answers.append((node.name, code(answer)))

            with concurrent.futures.ThreadPoolExecutor(1) as pool, contextlib.ExitStack() as until:
                until.callback(ended.set)
                caller = pool.submit(call)
                early = self.rostrum(cluster, "rotate", files[0])
                self.assertEqual(early.returncode, 1)
                self.assertIn("master-key prepare", early.stderr)
                self.assertEqual(self.rostrum(cluster, "prepare", files[0]).returncode, 0)
                self.hand_out(files)
                done = self.rostrum(cluster, "rotate", files[0])
                self.assertEqual(done.returncode, 0, done.stderr)
                # Until no node has a copy of the application that it read before.
                time.sleep(6)
                wait_until(lambda: caller.done() or len(answers) > 100, "calls are answered all the while", seconds=60)
                self.hand_out(files)
                for node in cluster.nodes:
                    node.restart()
                before = len(answers)
                names = {node.name for node in cluster.nodes}
                wait_until(lambda: caller.done() or {name for name, _ in answers[before:]} == names,
                           "every node has answered under the new key alone")
            caller.result()
            self.assertEqual([answer for answer in answers if answer[1]], [])
            self.assertEqual([len(path.read_text().split()) for path in files], [1, 1, 1])
            self.assertNotEqual(files[0].read_text().strip(), cluster.secrets["master"])

    def give_files(self, cluster):
        """Each node its own copy of the key in a file, in place of the variable."""
        files = []
        for node in cluster.nodes:
            path = cluster.directory / f"{node.name}.key"
            path.touch(mode=0o600)
            path.write_text(cluster.secrets["master"] + "\n")
            node.environment.pop("ROSTRUM_MASTER_KEY")
            node.environment["ROSTRUM_MASTER_KEY_FILE"] = str(path)
            node.restart()
            files.append(path)
        return files

    def hand_out(self, files):
        for path in files[1:]:
            draft = pathlib.Path(f"{path}.copy")
            shutil.copy(files[0], draft)
            draft.replace(path)

    def rostrum(self, cluster, verb, file):
        environment = {"PATH": os.environ["PATH"],
                       "ROSTRUM_DATABASE": cluster.nodes[0].environment["ROSTRUM_DATABASE"]}
        words = [BINARY, "master-key", verb, "--master-key-file", file]
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)


if __name__ == "__main__":
    unittest.main()
