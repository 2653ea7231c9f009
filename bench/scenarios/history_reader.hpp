#pragma once

#include <functional>
#include <string>

#include "bench/scenarios/stored_execution.hpp"
#include "domain/error.hpp"

namespace cued::bench {

/// Every execution that the database holds, in the order of their ids, read in pages so that a million of them take
/// little memory. Nothing else should be writing meanwhile: a page is a snapshot of its own.
[[nodiscard]] result<void> for_each_execution(const std::string& dsn,
                                              const std::function<void(const stored_execution&)>& see);

/// Every cue: its id and name, in the order of their ids.
[[nodiscard]] result<void> for_each_cue(const std::string& dsn,
                                        const std::function<void(std::uint64_t id, std::string_view name)>& see);

} // namespace cued::bench
