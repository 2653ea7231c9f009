#include "bench/scenarios/faults.hpp"

#include <algorithm>

namespace cued::bench {

void faults::add(std::string_view what, std::string subject) {
  auto known = std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& k) { return k.what == what; });
  if (known == kinds_.end())
    known = kinds_.insert(kinds_.end(), kind_of_fault{std::string{what}, 0, {}});
  ++known->count;
  if (known->first.size() < told_of_a_kind)
    known->first.push_back(std::move(subject));
}

std::vector<std::string> faults::texts() const {
  std::vector<std::string> out;
  for (const auto& kind : kinds_) {
    std::string text = std::to_string(kind.count) + " times: " + kind.what + ":";
    for (const auto& subject : kind.first)
      text += " " + subject;
    if (kind.count > kind.first.size())
      text += " …";
    out.push_back(std::move(text));
  }
  return out;
}

} // namespace cued::bench
