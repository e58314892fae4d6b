// TaskRunner: does one leased task: has it done in a sandbox (worker/sandbox), brings it the source,
// takes what it makes to the origin, keeps the lease alive, and says how it ended.
//
// Threads    run() on one; stop() from any: the task is given back.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "worker/origin_client.h"
#include "worker/sandbox/protections.h"

namespace worker {

struct RunnerOptions {
  std::string url, token;
  int threads = 1;                           // Of each task's encoders.
  std::vector<std::string> child_arguments;  // That make this program the decoder.
  sandbox::Protections required = sandbox::Protections::required();
  std::chrono::milliseconds patience{60'000};  // With an origin that is away.
};

class TaskRunner {
 public:
  explicit TaskRunner(RunnerOptions options);

  // kLeaseLost: to another worker, or left to run out, since the origin was in trouble.
  enum class Ending { kDone, kFailed, kGivenBack, kLeaseLost };
  // Says it to the origin, too; of a lost lease there is nothing to say.
  Ending run(const Task& task);
  void stop();

 private:
  Ending refuse(const Task& task, const base::Error& error);

  const RunnerOptions options_;
  OriginClient products_, source_, lease_, last_words_;
  std::stop_source stop_;
};

}  // namespace worker
