#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cued::bench {

/// What a check has found wrong, in words: how often each kind of fault, and the first few whom it befell.
class faults {
public:
  static constexpr std::size_t told_of_a_kind = 5;

  /// `what` is wrong ("claimed by two workers"), `subject` with whom.
  void add(std::string_view what, std::string subject);
  [[nodiscard]] bool empty() const { return kinds_.empty(); }
  /// One text for each kind: `3 times: claimed by two workers: <id> <id> <id>`.
  [[nodiscard]] std::vector<std::string> texts() const;

private:
  struct kind_of_fault {
    std::string what;
    std::uint64_t count = 0;
    std::vector<std::string> first;
  };
  std::vector<kind_of_fault> kinds_;
};

} // namespace cued::bench
