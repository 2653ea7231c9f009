#pragma once

#include <chrono>

#include "http/validation/readers.hpp"

namespace cued::http {

inline constexpr std::chrono::seconds wait_at_most{30};

/// The member or parameter `wait`: seconds from 0 to `wait_at_most`, fractions allowed; absent or null is 0. A problem
/// is noted in the reader.
[[nodiscard]] std::chrono::milliseconds read_wait(object_reader& body);
[[nodiscard]] std::chrono::milliseconds read_wait(query_reader& query);

} // namespace cued::http
