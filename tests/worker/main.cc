#include <gtest/gtest.h>

#include "tests/worker/deeds.h"

int main(int argc, char** argv) {
  if (argc == 3 && argv[1] == worker::sandbox::kChildFlag) worker::sandbox::be_child(argv[2]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
