#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "domain/instant.hpp"

namespace cued::http {

/// What was sent to `/v1/echo/{token}`, for `keep` and in this process only: a convenience for trying out webhooks,
/// not a store. When it is full the oldest notes go. Thread: any. Source: spec/http.md §9.
class echo_board {
public:
  struct limits {
    std::chrono::seconds keep{300};
    std::size_t notes = 1'000;
    std::size_t bytes = 64 * 1024 * 1024;
  };

  struct note {
    std::string payload_json;
    std::string headers_json;
    instant received_at;
  };

  echo_board() : echo_board{limits{}} {}
  explicit echo_board(limits l) : limits_{l} {}

  void put(const std::string& token, note n); ///< in the place of an earlier one
  [[nodiscard]] std::optional<note> find(const std::string& token, instant now);

private:
  struct entry {
    std::string token;
    note what;
    [[nodiscard]] std::size_t bytes() const {
      return token.size() + what.payload_json.size() + what.headers_json.size();
    }
  };
  using place = std::list<entry>::iterator;

  void remove(place at);

  limits limits_;
  std::mutex mutex_;
  std::list<entry> oldest_first_;
  std::unordered_map<std::string, place> by_token_;
  std::size_t bytes_ = 0;
};

} // namespace cued::http
