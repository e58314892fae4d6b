// The decoder: what runs in the sandbox for one task. It reads the source, and makes products
// (media/product.h), of which each becomes one output (product.h).
#pragma once

namespace worker {

// This process is the child that sandbox::run_in_child() has started. Does not return.
[[noreturn]] void run_decoder();

}  // namespace worker
