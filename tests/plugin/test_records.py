#!/usr/bin/env python3
"""Claims, and resolvers that write and filter: what each plugin sees in the rows of a batch. Runs the real program.

`make check` runs this file in the build folder. By hand: FLOW_EXPORTER_BUILD=build tests/plugin/test_records.py
"""
import json
import unittest

from test_plugins import PluginTest


class RecordTest(PluginTest):
    def input(self, *lines, **options):
        return {"plugin": "input-lines", "per_poll": 100, "lines": [json.dumps(line) for line in lines], **options}

    def typed(self, *fields, **options):
        name = options.get("name", "output-typed")
        return {"plugin": "output-typed", "file": self.path(name), "fields": list(fields), **options}

    def number(self, *to, **options):
        return {"plugin": "resolver-number", "from": "name", "to": list(to), **options}

    def refused(self, inputs, outputs, resolvers, fragment, *messages):
        """create fails, and the message has the fragment's place."""
        err = self.run_to_end(inputs, outputs, resolvers, status=78)
        self.assertIn(self.place_of(fragment), err)
        for message in messages:
            self.assertIn(message, err)


class Claims(RecordTest):
    def test_another_type_costs_only_the_claim_that_allows_it(self):
        """A label is a number in one record and a text in the next. The other output loses nothing."""
        lines = [{"label": 7, "bytes": 1}, {"label": "x", "bytes": 2}, {"label": [1], "bytes": 3}, {"label": -1}]
        outputs = [self.typed("unsigned:label", "unsigned!:bytes", name="numbers"),
                   self.typed("text:label", "unsigned!:bytes", name="texts"), self.report()]
        self.run_to_end([self.input(*lines)], outputs)
        self.assertEqual(self.lines("numbers"), ["unsigned:7 unsigned:1", "null unsigned:2", "null unsigned:3",
                                                 "null null"])
        self.assertEqual(self.lines("texts"), ["text:7 unsigned:1", "text:x unsigned:2", "text:1 unsigned:3",
                                               "text:-1 null"])
        self.assertEqual(self.metrics()["records_malformed_total plugin=input-lines reason=type"], 0)

    def test_a_claim_that_rejects_costs_the_record_for_all(self):
        lines = [{"bytes": 1}, {"bytes": "many"}, {"bytes": 1.5}, {"bytes": -1}, {"bytes": None}, {"bytes": "4"}]
        outputs = [self.typed("unsigned!:bytes", name="strict"), self.typed("unsigned:bytes", name="lenient"),
                   self.report()]
        self.run_to_end([self.input(*lines)], outputs)
        self.assertEqual(self.lines("strict"), ["unsigned:1", "null", "unsigned:4"])
        self.assertEqual(self.lines("lenient"), self.lines("strict"))
        metrics = self.metrics()
        self.assertEqual(metrics["records_malformed_total plugin=input-lines reason=type"], 1)
        self.assertEqual(metrics["records_malformed_total plugin=input-lines reason=range"], 2)

    def test_one_path_in_every_type(self):
        self.run_to_end([self.input({"x": 5}, {"x": 2.5}, {"x": -3}, {"x": "1e2"}, {"x": True}, {})],
                        [self.typed("unsigned:x", "signed:x", "double:x", "text:x")])
        self.assertEqual(self.lines("output-typed"), [
            "unsigned:5 signed:5 double:5 text:5", "null null double:2.5 text:2.5", "null signed:-3 double:-3 text:-3",
            "unsigned:100 signed:100 double:100 text:1e2", "null null null text:true", "null null null null"])

    def test_a_field_with_names_for_its_numbers(self):
        lines = [{"ip_proto": "tcp"}, {"ip_proto": 17}, {"ip_proto": "what"}, {}]
        self.run_to_end([self.input(*lines)], [self.typed("unsigned:ip_proto", "double:ip_proto", "text:ip_proto")])
        self.assertEqual(self.lines("output-typed"), ["unsigned:6 double:6 text:tcp", "unsigned:17 double:17 text:udp",
                                                      "null null text:what", "null null null"])
        self.run_to_end([self.input(*lines)], [self.typed("unsigned!:ip_proto"), self.report()])
        self.assertEqual(self.lines("output-typed"), ["unsigned:6", "unsigned:17", "null"])
        self.assertEqual(self.metrics()["records_malformed_total plugin=input-lines reason=type"], 1)

    def test_a_claim_of_an_unknown_type(self):
        self.refused([self.input({})], [self.typed("integer:x")], [], '"integer:x"', "output-typed: ", "unknown type 0")

    def test_too_many_fields(self):
        fields = [f"text:f{i}" for i in range(300)]
        err = self.run_to_end([self.input({})], [self.typed(*fields)], status=78)
        self.assertIn("output-typed: more than 256 fields", err)
        self.assertRegex(err, r"config\.yaml:\d+:\d+: ")

    def test_a_field_without_a_name(self):
        self.refused([self.input({})], [self.typed("text:")], [], '"text:"', "a field without a name")


class Whole(RecordTest):
    """The fields @record and @payload."""

    def whole(self, lines, *fields, **options):
        inputs = [{"plugin": "input-lines", "per_poll": 100, "lines": lines, **options}]
        self.run_to_end(inputs, [self.typed(*fields), self.report()])
        return self.lines("output-typed")

    def test_a_record_as_it_came(self):
        lines = ['  {"a" : 1,\t"b":{"c": [1, 2]}}  ', '{}', '[{"a":2} , {"a": 3}]', '{"a": 4', '{"a":"\\u00e9"}']
        self.assertEqual(self.whole(lines, "text:@record", "text:a"), [
            'text:{"a" : 1,\t"b":{"c": [1, 2]}} text:1', 'text:{} null', 'text:{"a":2} text:2', 'text:{"a": 3} text:3',
            'text:{"a":"\\u00e9"} text:\u00e9'])

    def test_the_payload_of_each_record(self):
        lines = ['[{"a":2}, {"a":3}]', '{"a":4} {"a": 5}']
        self.assertEqual(self.whole(lines[:1], "text:@payload", "text:a"),
                         [f"text:{lines[0]} text:2", f"text:{lines[0]} text:3"])
        self.assertEqual(self.whole(['{"event_type": "purge_init"}', '{"a": 1}'], "text:@payload"), ['text:{"a": 1}'])

    def test_both_ways(self):
        line = '{"IN_BYTES": 1, "OUT_BYTES": 2}'
        self.assertEqual(self.whole([line], "text:@record", "unsigned:bytes", preset="nprobe"),
                         [f"text:{line} unsigned:1", f"text:{line} unsigned:2"])

    def test_vflow_flat(self):
        line = json.dumps({"AgentID": "192.0.2.1", "DataSets": [
            [{"I": 16, "V": 64500}, {"I": 1, "V": "0x50"}, {"I": 7, "E": 9, "V": "x"}], [{"I": 1, "V": 5}]]})
        self.assertEqual(self.whole([line], "text:@record", "unsigned:bytes", preset="vflow"), [
            'text:{"AgentID":"192.0.2.1","16":64500,"1":"0x50","9.7":"x"} unsigned:80',
            'text:{"AgentID":"192.0.2.1","1":5} unsigned:5'])

    def test_what_can_not_be_claimed(self):
        self.refused([self.input({})], [self.typed("unsigned:@record")], [], '"unsigned:@record"', "can only be read, as text")
        self.refused([self.input({})], [self.typed("text:x")], [self.number("@payload", type="text")], '"@payload"',
                     "can only be read, as text")

    def test_a_resolver_reads_it_too(self):
        resolvers = [self.number("x", type="text", values={'{"a":1}': "found"}, **{"from": "@record"})]
        inputs = [{"plugin": "input-lines", "lines": ['{"a":1}', '{"a":2}']}]
        self.run_to_end(inputs, [self.typed("text:x")], resolvers)
        self.assertEqual(self.lines("output-typed"), ["text:found", "null"])


class Resolvers(RecordTest):
    def test_numbers_in_several_fields(self):
        resolvers = [self.number("as_src", "as_dst", values={"a": "64500", "b": "18446744073709551615"}),
                     self.number("delta", type="signed", values={"a": "-5"}, name="signed"),
                     self.number("share", type="double", values={"a": "0.1"}, name="double")]
        self.run_to_end([self.input({"name": "a"}, {"name": "b"}, {"name": "c"})],
                        [self.typed("unsigned!:as_src", "unsigned:as_dst", "signed:delta", "double:share")], resolvers)
        self.assertEqual(self.lines("output-typed"), [
            "unsigned:64500 unsigned:64500 signed:-5 double:0.10000000000000001",
            "unsigned:18446744073709551615 unsigned:18446744073709551615 null null", "null null null null"])

    def test_what_is_written_is_seen_in_other_types(self):
        values = {"a": "7", "b": "-8", "c": "-9223372036854775808"}
        resolvers = [self.number("x", type="signed", values=values),
                     self.number("y", type="double", values={"a": "0.1", "b": "4", "c": "1e300"}, name="double"),
                     self.number("z", values={"a": "18446744073709551615", "b": "0"}, name="unsigned")]
        self.run_to_end([self.input({"name": "a"}, {"name": "b"}, {"name": "c"}, {})],
                        [self.typed("text:x", "unsigned:x", "double:x", "text:y", "unsigned:y", "signed:y", "text:z",
                                    "signed:z")], resolvers)
        self.assertEqual(self.lines("output-typed"), [
            "text:7 unsigned:7 double:7 text:0.1 null null text:18446744073709551615 null",
            "text:-8 null double:-8 text:4 unsigned:4 signed:4 text:0 signed:0",
            "text:-9223372036854775808 null double:-9.2233720368547758e+18 text:1e+300 null null null null",
            "null null null null null null null null"])

    def test_a_value_is_replaced_under_its_own_name(self):
        """The first resolver sees the record's own value. Later resolvers and outputs see the written one."""
        resolvers = [self.number("before", values={"a": "1"}, type="text", **{"from": "as"}),
                     self.number("as", values={"a": "64500"}, replace=True, name="replaces"),
                     self.number("after", values={"64500": "2", "5": "3"}, type="text", name="after",
                                 **{"from": "as"})]
        resolvers[0]["values"] = {"0": "zero", "5": "five"}
        self.run_to_end([self.input({"name": "a", "as": 0}, {"name": "b", "as": 5})],
                        [self.typed("unsigned!:as", "text:as", "text:before", "text:after")], resolvers)
        self.assertEqual(self.lines("output-typed"), ["unsigned:64500 text:64500 text:zero text:2",
                                                      "unsigned:5 text:5 text:five text:3"])

    def test_a_text_is_normalised(self):
        resolvers = [self.number("name", values={"a": "A"}, type="text", replace=True),
                     self.number("name", values={"A": "AA", "a": "wrong"}, type="text", replace=True, name="again")]
        self.run_to_end([self.input({"name": "a"}, {"name": "b"})], [self.typed("text:name")], resolvers)
        self.assertEqual(self.lines("output-typed"), ["text:AA", "text:b"])

    def test_a_written_field_hides_the_member_of_that_name(self):
        resolvers = [self.number("x", values={"a": "1"})]
        self.run_to_end([self.input({"name": "a", "x": 9}, {"name": "b", "x": "what"})],
                        [self.typed("unsigned!:x")], resolvers)
        self.assertEqual(self.lines("output-typed"), ["unsigned:1", "null"])

    def test_a_number_from_a_field_that_is_written_as_text(self):
        resolvers = [self.number("x", type="text")]
        self.refused([self.input({})], [self.typed("unsigned:x")], resolvers, '"unsigned:x"',
                     "output-typed: ", "claimed as a number", "'resolver-number' writes text")
        resolvers = [self.number("x", type="text", name="one"), self.number("x", replace=True, name="two")]
        self.refused([self.input({})], [self.typed("text:x")], resolvers, '"x"\n   ],\n   "replace"',
                     "two: ", "'one' writes text")

    def test_what_only_a_later_resolver_writes(self):
        resolvers = [self.number("y", name="one", **{"from": "x"}), self.number("x", name="two")]
        self.refused([self.input({})], [self.typed("text:y")], resolvers, '"x"\n   ]', "two: ", "read by 'one'",
                     "put 'two' first")
        self.run_to_end([self.input({})], [self.typed("text:y")], resolvers[::-1])

    def test_what_the_program_itself_reads(self):
        self.refused([self.input({})], [self.typed("text:y")], [self.number("event_type", type="text")],
                     '"event_type"', "read by the program")
        self.refused([self.input({}, scale_by="rate")], [self.typed("text:y")], [self.number("rate")],
                     '"rate"', "written by 'resolver-number', which comes later")

    def test_two_writers(self):
        for second in (self.number("x", name="two"), self.number("x", type="text", name="two")):
            self.refused([self.input({})], [self.typed("text:x")], [self.number("x", name="one"), second],
                         '"x"\n   ],\n   "name": "two"' if "type" not in second else '"x"\n   ],\n   "type"', "two: ",
                         "already written by 'one'")
        self.refused([self.input({})], [self.typed("text:x")], [self.number("x", "x", replace=True)], '"x",\n    "x"',
                     "already written by 'resolver-number'")


class Filters(RecordTest):
    def filter(self, *texts, **options):
        return {"plugin": "resolver-filter", "field": "name", "texts": list(texts), **options}

    def lines_of(self, names):
        return [{"name": name, "bytes": 10} for name in names]

    def test_dropped_rows_reach_nobody_and_are_counted(self):
        resolvers = [self.filter("b", "d"), self.filter("a", name="second")]
        self.run_to_end([self.input(*self.lines_of("abcdb"))], [self.rows("name"), self.report()], resolvers)
        self.assertEqual(self.lines("rows"), ["c"])
        metrics = self.metrics()
        self.assertEqual(metrics["records_filtered_total plugin=resolver-filter"], 3)
        self.assertEqual(metrics["records_filtered_total plugin=second"], 1)
        self.assertEqual(metrics["stage_records_total plugin=resolver-filter"], 5)
        self.assertEqual(metrics["stage_records_total plugin=second"], 2)
        self.assertEqual(metrics["stage_records_total plugin=output-rows"], 1)
        self.assertEqual(metrics["records_total plugin=input-lines"], 5)

    def test_all_rows(self):
        """All rows are dropped. No stage is called without rows, and the position is committed."""
        resolvers = [self.filter(keep=True), self.filter("a", name="second")]
        inputs = [self.input(*self.lines_of("ab"), calls=self.path("calls"))]
        self.run_to_end(inputs, [self.rows("name"), self.report()], resolvers)
        self.assertNotIn("write: ok", self.lines("calls"))
        self.assertIn("commit 1 at 2: ok", self.lines("calls"))
        self.assertEqual(self.metrics()["stage_records_total plugin=second"], 0)

    def test_what_was_dropped_before_a_failure_is_decided_anew(self):
        for answers, kept, filtered in ((["retry", "retry"], ["a"], 1), (["drop"], ["a", "b"], 0)):
            self.setUp()
            self.run_to_end([self.input(*self.lines_of("ab"))], [self.rows("name"), self.report()],
                            [self.filter("b", answers=answers)])
            self.assertEqual(self.lines("rows"), kept)
            self.assertEqual(self.metrics()["records_filtered_total plugin=resolver-filter"], filtered)

    def test_a_number_is_matched_by_its_text(self):
        resolvers = [self.filter("10", field="bytes")]
        self.run_to_end([self.input({"name": "a", "bytes": 10}, {"name": "b", "bytes": 1})], [self.rows("name")], resolvers)
        self.assertEqual(self.lines("rows"), ["b"])

    def test_many_batches(self):
        names = [str(i) for i in range(5000)]
        self.run_to_end([self.input(*self.lines_of(names), per_poll=1700)], [self.rows("name"), self.report()],
                        [self.filter(*names[::3])], pipeline={"batch_records": 512})
        self.assertEqual(self.lines("rows"), [name for i, name in enumerate(names) if i % 3])


if __name__ == "__main__":
    unittest.main()
