#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "domain/error.hpp"

namespace cued::http {

struct services;

/// May a request of ours ever go to this URL? Asked of every URL that a user stores, before it is stored; the sender
/// asks again (spec/security.md §1.1, §1.3). Looks the host up, in the lane of `tenant` (the user's id).
/// 400 `invalid_callback_url`, a code that some routes replace by their own; 503 when too many look-ups wait.
[[nodiscard]] boost::asio::awaitable<result<void>> check_url(services& with, std::string text, std::string tenant);

} // namespace cued::http
