#pragma once

#include <string>

#include <tl/expected.hpp>

namespace cued::config {

/// Turns DATABASE_URL into what libpq takes. Accepted: `postgresql://`, `postgres://` and `postgresql+asyncpg://`; the
/// encryption as libpq's `sslmode=` or asyncpg's `ssl=`; a unix socket as `?host=/directory`. Parameters that only
/// asyncpg understands are dropped where they mean nothing to us. Source: spec/config.md §2.
/// The error is a sentence without the value, which may hold a password.
[[nodiscard]] tl::expected<std::string, std::string> libpq_url(const std::string& url);

} // namespace cued::config
