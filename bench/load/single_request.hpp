#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "domain/error.hpp"

namespace cued::bench {

struct single_answer {
  int status = 0;
  std::string body;
};

/// One request (get_request, post_request) over a connection of its own, answered before this returns. For what is not
/// measured: looking whether a server is there, setting something up.
[[nodiscard]] result<single_answer> request_once(const std::string& host, std::uint16_t port, std::string text,
                                                 std::chrono::milliseconds patience = std::chrono::seconds{10});

} // namespace cued::bench
