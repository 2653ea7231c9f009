#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace cued::actors {

/// A pool member that is not well.
struct member_trouble {
  enum class state {
    restarting, ///< died again and again within the last minute
    stuck,      ///< has not come back from its work; somebody else has its place
  };

  std::string member; ///< "claim[0]"
  state what{};
  std::size_t deaths = 0;             ///< of a restarting one, recent ones
  std::chrono::seconds for_so_long{}; ///< of a stuck one

  bool operator==(const member_trouble&) const = default;
};

[[nodiscard]] constexpr const char* name_of(member_trouble::state what) {
  return what == member_trouble::state::stuck ? "stuck" : "restarting";
}

/// "claim[0] stuck, courier[0] restarting"; empty if there are none.
[[nodiscard]] inline std::string names_of(const std::vector<member_trouble>& troubles) {
  std::string out;
  for (const auto& one : troubles)
    out += (out.empty() ? "" : ", ") + one.member + " " + name_of(one.what);
  return out;
}

/// Where the supervisor writes who is not well, for /health. Thread: any.
class trouble_board {
public:
  void write(std::vector<member_trouble> now) {
    const std::lock_guard lock{mutex_};
    troubles_ = std::move(now);
  }
  [[nodiscard]] std::vector<member_trouble> read() const {
    const std::lock_guard lock{mutex_};
    return troubles_;
  }

private:
  mutable std::mutex mutex_;
  std::vector<member_trouble> troubles_;
};

} // namespace cued::actors
