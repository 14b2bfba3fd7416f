#!/usr/bin/env python3
"""What the page is drawn from: the document that lahetti_tables prints has the shape that its head comment says, and is whole.

    test_tables.py LAHETTI_TABLES
"""

import json
import subprocess
import sys
import unittest

SHAPES = {"line", "sentence", "long", "choice", "choices", "flag", "date", "language", "criteria", "parties", "recipient",
          "user", "scan", "reference", "filled"}
TEXT_SHAPES = {"line", "sentence", "long", "language"}
CONDITION = {"field": str, "is": [int]}
FORM = {"field": str, "label": str, "hint": (str, None), "shape": str, "most": int, "enum": (str, None),
        "needed": (str, None), "either": bool, "recipients": [int], "when": (CONDITION, None), "otherwise": str}
STEP_FROM = {"field": str, "steps": [{"value": int, "step": int}]}
TABLES = {
    "kinds": [{"number": int, "name": str, "version": int, "body": str, "text": str, "authors": [int], "recipients": [int],
               "recipientsLeast": int, "recipientsMost": int, "repliesTo": [int], "step": int, "stepFrom": (STEP_FROM, None), "steps": [int],
               "feedback": bool, "replaces": bool, "hasClient": bool, "deadlineDays": int, "form": [FORM]}],
    "steps": [{"step": int, "from": [int], "by": [str], "needs": [str], "kinds": [int], "to": int, "shown": str}],
    "endedStates": [int],
    "roles": [{"role": int, "name": str, "text": str, "seesClients": bool}],
    "enums": dict,
    "mediaTypes": [str],
    "limits": {name: int for name in ("line", "sentence", "long", "language", "list", "recipients", "attachments",
                                      "attachmentBytes", "fileName")},
    "texts": dict,
}


def is_like(value, shape):
    """Whether a value has that shape, with no key more and none less."""
    if isinstance(shape, tuple):
        return any(is_like(value, one) for one in shape)
    if isinstance(shape, dict):
        return isinstance(value, dict) and list(value) == list(shape) and all(is_like(value[k], shape[k]) for k in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(is_like(one, shape[0]) for one in value)
    return value is None if shape is None else type(value) is shape


class Tables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        printed = subprocess.run([PROGRAM], stdout=subprocess.PIPE, check=True).stdout
        cls.tables = json.loads(printed.decode("utf-8"), object_pairs_hook=cls.without_doubles)
        cls.texts = cls.tables["texts"]
        cls.values = {name: {row["value"] for row in rows} for name, rows in cls.tables["enums"].items()}

    @staticmethod
    def without_doubles(pairs):
        assert len({key for key, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    def rows(self):
        for kind in self.tables["kinds"]:
            for row in kind["form"]:
                yield kind, row

    def test_document_has_the_shape_that_is_promised(self):
        self.assertEqual(list(self.tables), list(TABLES))
        for name, shape in TABLES.items():
            self.assertTrue(is_like(self.tables[name], shape), name)
        for rows in self.tables["enums"].values():
            self.assertTrue(rows and is_like(rows, [{"value": int, "text": str}]), rows)

    def test_every_text_is_there_in_three_languages(self):
        self.assertGreater(len(self.texts), 400)
        for key, text in self.texts.items():
            self.assertFalse(key.startswith("cli."), key)
            self.assertTrue(is_like(text, [str]) and len(text) == 3, key)
            for one in text:
                self.assertTrue(one and one == one.strip(), key)
            self.assertEqual(len({one.endswith(".") for one in text}), 1, f"{key}: a sentence in one language only")
            if key.startswith("field."):
                self.assertEqual(len(set(text)), 3, f"{key}: the same in two languages")
                self.assertEqual(text[0].endswith("."), key.endswith(".hint"), key)

    def test_texts_of_fields_belong_to_fields(self):
        used = {key for _, row in self.rows() for key in (row["label"], row["hint"])}
        self.assertEqual({key for key in self.texts if key.startswith("field.")}, used - {None})

    def test_every_text_that_is_named_is_there(self):
        named = [kind["text"] for kind in self.tables["kinds"]] + [role["text"] for role in self.tables["roles"]]
        named += [row["text"] for rows in self.tables["enums"].values() for row in rows]
        named += [row["label"] for _, row in self.rows()] + [row["hint"] for _, row in self.rows() if row["hint"]]
        named += ["code." + row["needed"] for _, row in self.rows() if row["needed"]]
        self.assertEqual([key for key in named if key not in self.texts], [])

    def test_every_kind_has_a_form_and_each_field_one_row(self):
        self.assertEqual([kind["number"] for kind in self.tables["kinds"]], list(range(1, 9)))
        for kind in self.tables["kinds"]:
            fields = [row["field"] for row in kind["form"]]
            self.assertTrue(fields, kind["name"])
            self.assertEqual(len(set(fields)), len(fields), kind["name"])

    def test_rows_of_forms_agree_with_themselves(self):
        for kind, row in self.rows():
            where = f"{kind['name']}.{row['field']}"
            self.assertIn(row["shape"], SHAPES, where)
            self.assertIn(row["otherwise"], {"hidden", "offered", "refused"}, where)
            self.assertEqual(row["most"] > 0, row["shape"] in TEXT_SHAPES, where)
            self.assertEqual(row["most"], self.tables["limits"].get(row["shape"], 0), where)
            self.assertEqual(bool(row["recipients"]), row["shape"] == "recipient", where)
            if row["shape"] in {"choice", "choices"}:
                self.assertIn(row["enum"], self.values, where)
            if row["either"]:
                others = [other for other in kind["form"] if other["either"] and other["needed"] == row["needed"]]
                self.assertGreater(len(others), 1, where)

    def test_conditions_look_at_what_was_asked_before(self):
        for kind, row in self.rows():
            if row["when"] is None:
                self.assertEqual(row["otherwise"], "hidden")
                continue
            where = f"{kind['name']}.{row['field']}"
            before = {other["field"]: other for other in kind["form"][:kind["form"].index(row)]}
            self.assertIn(row["when"]["field"], before, where)
            on = before[row["when"]["field"]]
            self.assertTrue(row["when"]["is"], where)
            self.assertLessEqual(set(row["when"]["is"]), self.values[on["enum"]], where)

    def test_acknowledgement_asks_what_its_step_needs(self):
        fields = {"reason": "reason", "sentence": "sentence", "cause": "cause", "date": "date", "redirect": "redirect_to"}
        kind = next(kind for kind in self.tables["kinds"] if kind["name"] == "acknowledgement")
        rows = {row["field"]: row for row in kind["form"]}
        for need, field in fields.items():
            steps = {row["step"] for row in self.tables["steps"] if need in row["needs"] and kind["number"] in row["kinds"]}
            self.assertEqual(set(rows[field]["when"]["is"]), steps, field)

    def test_numbers_are_of_their_enums(self):
        kinds = {kind["number"] for kind in self.tables["kinds"]}
        state, step = self.values["lahetti.v1.State"], self.values["lahetti.v1.Step"]
        role, recipient = self.values["lahetti.v1.Role"], self.values["lahetti.v1.RecipientKind"]
        for kind in self.tables["kinds"]:
            self.assertTrue(kind["authors"])
            self.assertLessEqual(set(kind["authors"]), role)
            self.assertLessEqual(set(kind["recipients"]), recipient)
            self.assertLessEqual(set(kind["repliesTo"]), kinds)
            self.assertLessEqual(set(kind["steps"]), step)
            self.assertIn(kind["step"], step | {0, -1})
        for row in self.tables["steps"]:
            self.assertIn(row["step"], step)
            self.assertIn(row["to"], state)
            self.assertTrue(row["from"] and set(row["from"]) <= state)
            self.assertLessEqual(set(row["kinds"]), kinds)
            self.assertTrue(row["by"] and set(row["by"]) <= {"server", "recipient", "sender"})
            self.assertIn(row["shown"], {"always", "as-feedback"})
        self.assertEqual({row["step"] for row in self.tables["steps"]}, step)
        self.assertEqual({row["role"] for row in self.tables["roles"]}, role)
        self.assertTrue(self.tables["endedStates"] and set(self.tables["endedStates"]) < state)

    def test_kinds_whose_body_tells_the_step_say_how(self):
        for kind in self.tables["kinds"]:
            self.assertEqual(kind["step"] == -1, kind["stepFrom"] is not None, kind["name"])
            if kind["stepFrom"]:
                row = next(row for row in kind["form"] if row["field"] == kind["stepFrom"]["field"])
                pairs = kind["stepFrom"]["steps"]
                self.assertLessEqual({pair["value"] for pair in pairs}, self.values[row["enum"]])
                self.assertEqual({pair["step"] for pair in pairs},
                                 {row["step"] for row in self.tables["steps"] if kind["number"] in row["kinds"]})

    def test_a_step_is_taken_once_from_a_state(self):
        pairs = [(row["step"], state) for row in self.tables["steps"] for state in row["from"]]
        self.assertEqual(len(set(pairs)), len(pairs))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
