#pragma once

#include <cstdint>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "http/services.hpp"

namespace cued::http {

/// How many executions a user has had this month, as it is told: what Redis says if it says anything, because tests and
/// the reference set it there, else `in_database`, which Redis then learns (spec/alerts-usage.md §5).
[[nodiscard]] boost::asio::awaitable<std::int64_t> executions_to_tell(services& with, const std::string& user_id,
                                                                      std::int64_t in_database);

} // namespace cued::http
