#!/usr/bin/env python3
"""Plants what check_includes.py must find, and what it must leave alone."""
import pathlib
import unittest

import check_includes

ROOT = pathlib.Path(__file__).resolve().parent.parent


class CheckIncludes(unittest.TestCase):
    def setUp(self):
        self.table = check_includes.read_table(
            (ROOT / "docs/architecture.md").read_text())

    def complaints(self, path, text):
        return check_includes.check_source(path, text, self.table)

    def test_table_is_read(self):
        self.assertIn("base", self.table["formats"][0])
        self.assertIsNone(self.table["apps"][0])
        self.assertEqual(self.table["kernels"][1], {"hwy"})
        for room in (ROOT / "src").iterdir():
            if room.is_dir():
                self.assertIn(room.name, self.table)

    def test_allowed(self):
        self.assertEqual([], self.complaints(
            "model/config.cc",
            '#include "model/config.h"\n#include <sys/mman.h>\n#include <vector>\n'
            '#include <fmt/format.h>\n#include <nlohmann/json.hpp>\n'
            '#include "checkpoint/gguf.h"\n'))

    def test_upward_arrow(self):
        found = self.complaints("base/file.cc",
                                '#include <vector>\n#include "model/config.h"\n')
        self.assertEqual(1, len(found))
        self.assertTrue(found[0].startswith("src/base/file.cc:2: model/config.h"))

    def test_arrow_is_not_transitive(self):
        self.assertEqual(1, len(self.complaints(
            "eval/perplexity.cc", '#  include "checkpoint/gguf.h"\n')))

    def test_sub_room_has_arrows_of_its_own(self):
        line = '#include "runtime/state.h"\n'
        self.assertEqual(1, len(self.complaints("eval/tasks.cc", line)))
        self.assertEqual(0, len(self.complaints("eval/engine/source.cc", line)))

    def test_third_party(self):
        for path, header in (("runtime/a.cc", "nlohmann/json.hpp"),
                             ("runtime/a.cc", "torch/torch.h"),
                             ("runtime/a.cc", "hwy/highway.h"),
                             ("runtime/a.cc", "immintrin.h"),
                             ("apps/a.cc", "gtest/gtest.h"),
                             ("base/a.cc", "boost/any.hpp")):
            self.assertEqual(1, len(self.complaints(path, f"#include <{header}>")),
                             header)
        for path, line in (("base/a_test.cc", "#include <gtest/gtest.h>"),
                           ("base/a_testing.h", "#include <nlohmann/json.hpp>"),
                           ("kernels/cpu/a.cc", '#include "hwy/foreach_target.h"')):
            self.assertEqual([], self.complaints(path, line))

    def test_unknown_folder(self):
        self.assertEqual(1, len(self.complaints("misc/a.cc", "")))
        self.assertEqual(1, len(self.complaints("base/a.cc", '#include "a.h"\n')))

    def test_links(self):
        def links(text):
            return check_includes.check_links("x/CMakeLists.txt", text, self.table)
        self.assertEqual([], links(
            "llamba_room(model DEPS llamba_base llamba_checkpoint # llamba_apps\n"
            "  TEST_DEPS llamba_tokenizer)"))
        self.assertEqual(1, len(links("llamba_room(model DEPS llamba_runtime)")))
        self.assertEqual(1, len(links("llamba_room(misc DEPS llamba_base)")))


if __name__ == "__main__":
    unittest.main()
