// try_sandbox(): one child that does nothing, before a worker asks for its first task: whether this
// machine can confine what decodes. docs/sandbox.md, "When the kernel lacks one".
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "worker/sandbox/protections.h"

namespace worker {

// The order that a decoder answers with an empty result.
inline constexpr const char* kTrialKind = "trial";

// The walls that stood. kUnsupported: some of the required ones are missing; which, and what to do.
// kAborted: the child could not be started, or did not end as it should.
base::Result<sandbox::Protections> try_sandbox(const std::vector<std::string>& child_arguments,
                                               sandbox::Protections required);

// What whoever runs the machine can do about each that is missing.
std::string advice_for(sandbox::Protections missing);

}  // namespace worker
