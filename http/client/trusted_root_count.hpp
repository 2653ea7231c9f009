#pragma once

#include <cstddef>

#include "domain/error.hpp"
#include "http/client/tls_context.hpp"

namespace cued::http::client {

/// How many certificates are trusted: those of the file, or, where that has none, the entries of the directory, which
/// OpenSSL reads one by one when it needs them. With none of either no receiver with https can be reached. Error:
/// `unusable_roots`.
[[nodiscard]] result<std::size_t> trusted_root_count(const trusted_roots& roots);

} // namespace cued::http::client
