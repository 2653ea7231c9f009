#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/instant.hpp"
#include "domain/timestamp.hpp"

namespace cued::deterministic {

/// What happened, in order: the last of it in words, all of it as one number, by which two runs are compared.
class trace {
public:
  void add(instant when, const char* what, std::string_view who = {}, std::int64_t number = 0) {
    mix(static_cast<std::uint64_t>(when.time_since_epoch().count()));
    mix(std::string_view{what});
    mix(who);
    mix(static_cast<std::uint64_t>(number));
    auto& place = last_[count_++ % last_.size()];
    place.when = when;
    place.what = what;
    place.who = who;
    place.number = number;
  }

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] std::uint64_t size() const { return count_; }

  /// Oldest first.
  [[nodiscard]] std::vector<std::string> last() const {
    std::vector<std::string> out;
    for (auto i = count_ > last_.size() ? count_ - last_.size() : 0; i < count_; ++i) {
      const auto& e = last_[i % last_.size()];
      out.push_back(format_z(e.when) + " " + e.what + " " + e.who + " " + std::to_string(e.number));
    }
    return out;
  }

private:
  struct event {
    instant when;
    const char* what = "";
    std::string who;
    std::int64_t number = 0;
  };

  void mix(std::uint64_t n) { hash_ = (hash_ ^ n) * 0x9e3779b97f4a7c15 + (hash_ >> 29); }
  void mix(std::string_view text) { mix(std::uint64_t{std::hash<std::string_view>{}(text)}); }

  std::uint64_t hash_ = 1469598103934665603u;
  std::uint64_t count_ = 0;
  std::array<event, 120> last_;
};

} // namespace cued::deterministic
