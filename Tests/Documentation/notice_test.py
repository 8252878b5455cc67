"""NOTICE and the bill of materials beside what was resolved. Run by `make docs-test`."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from emulator import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

import dependencies  # noqa: E402

APACHE = "Apache License\nVersion 2.0, January 2004\n"
MIT = ("Permission is hereby granted, free of charge, to any person obtaining a copy\n"
       "The above copyright notice and this permission notice shall be included\n")


class NoticeTest(unittest.TestCase):
    def test_it_is_of_the_packages_that_are_resolved(self):
        notice = (ROOT / "NOTICE").read_text()
        packages = dependencies.packages()

        self.assertEqual(dependencies.faults(), [])
        self.assertGreater(len(packages), 20)
        for package in packages:
            self.assertRegex(notice, rf"(?m)^  {package.identity} +{package.licence} +{package.location}$")
        subprocess.run([ROOT / "scripts/notice", "--check"], check=True)

    def test_the_texts_have_every_package_with_its_version(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "texts")
            subprocess.run([ROOT / "scripts/notice", "--texts", path], check=True)
            text = path.read_text()

        for package in dependencies.packages():
            self.assertIn(f"{package.identity} {package.version}, {package.location}\n", text)
            self.assertIn(package.text("licen[sc]e").strip("\n"), text)
        self.assertIn("Redistribution and use in source and binary forms", text)

    def test_the_bill_of_materials_is_whole(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "sbom.json")
            subprocess.run([ROOT / "scripts/notice", "--sbom", path], check=True)
            bill = json.loads(path.read_text())

        self.assertEqual((bill["bomFormat"], bill["specVersion"]), ("CycloneDX", "1.5"))
        components = {component["bom-ref"]: component for component in bill["components"]}
        for package in dependencies.packages():
            reference = f"pkg:swift/{package.location.removeprefix('https://')}@{package.version}"
            self.assertEqual(components[reference]["version"], package.version)
        known = {*components, bill["metadata"]["component"]["bom-ref"]}
        for edge in bill["dependencies"]:
            self.assertLessEqual({edge["ref"], *edge["dependsOn"]}, known)
        reached, waiting = set(), [bill["metadata"]["component"]["bom-ref"]]
        needs = {edge["ref"]: edge["dependsOn"] for edge in bill["dependencies"]}
        while waiting:
            reference = waiting.pop()
            reached.add(reference)
            waiting += [need for need in needs.get(reference, ()) if need not in reached]
        self.assertEqual({reference for reference in components if reference.startswith("pkg:")} - reached, set())


class FaultsTest(unittest.TestCase):
    """What scripts/notice refuses, shown with an invented set of packages."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.pins = []
        for identity, part, *_ in dependencies.CONTAINED:
            if not (self.root / "checkouts" / identity).exists():
                self.add(identity, APACHE)
            (self.root / "checkouts" / identity / part).mkdir(parents=True)

    def add(self, name, licence):
        self.pins.append({"identity": name, "location": f"https://example.com/{name}.git",
                          "state": {"revision": "1", "version": "1.0.0"}})
        (self.root / "checkouts" / name).mkdir(parents=True)
        if licence:
            (self.root / "checkouts" / name / "LICENSE.txt").write_text(licence)

    def faults(self):
        (self.root / "Package.resolved").write_text(json.dumps({"pins": self.pins}))
        return dependencies.faults(self.root, self.root / "checkouts")

    def test_known_licences_pass(self):
        self.add("one", MIT)
        self.assertEqual(self.faults(), [])

    def test_a_licence_that_is_unknown_or_missing_is_refused(self):
        self.add("one", "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n")
        self.add("two", None)
        self.assertEqual(self.faults(), [f"{name}: its licence is none that is known here" for name in ("one", "two")])

    def test_a_licence_that_is_not_on_the_list_is_refused(self):
        self.add("one", MIT)
        allowed = dependencies.ALLOWED
        self.addCleanup(setattr, dependencies, "ALLOWED", allowed)
        dependencies.ALLOWED = allowed - {"MIT"}
        self.assertIn("one: the licence MIT is not on the list", self.faults())

    def test_a_work_inside_a_package_that_is_not_listed_is_refused(self):
        self.add("one", MIT)
        inside = self.root / "checkouts/one/Sources/CThing"
        inside.mkdir(parents=True)
        (inside / "COPYING").write_text("anything")
        self.assertEqual(self.faults(), ["one: Sources/CThing has a licence of its own"])

    def test_a_listed_work_that_is_gone_is_noticed(self):
        (self.root / "checkouts/yams/Sources/CYaml").rmdir()
        self.assertEqual(self.faults(), ["yams: it has no Sources/CYaml any more"])

    def test_a_system_library_that_is_not_listed_is_refused(self):
        directory = self.root / "Sources/CThing"
        directory.mkdir(parents=True)
        (directory / "module.modulemap").write_text('module CThing {\n    link "thing"\n}\n')
        self.assertEqual(self.faults(), ["thing: a system library of unknown licence"])


if __name__ == "__main__":
    unittest.main()
