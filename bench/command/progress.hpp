#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace cued::bench {

/// What is going on, on standard error: one line that is written over on a terminal, elsewhere a line now and then.
class progress {
public:
  progress();
  ~progress(); ///< leaves a clean line behind
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  void topic(std::string text) { topic_ = std::move(text); } ///< stands before every line
  void tell(std::string_view line);
  void clear();

private:
  bool terminal_;
  bool line_open_ = false;
  std::string topic_;
  std::chrono::steady_clock::time_point quiet_until_{};
};

} // namespace cued::bench
