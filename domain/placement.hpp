#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace cued {

/// Which of several nodes is in charge of an id. Rendezvous hashing: every node draws a number for the id, the highest
/// wins. So all who know the same nodes agree, whatever the order; each gets about as many ids; and when a node comes
/// or goes, only ids that it wins or had move. Nothing if there are no nodes.
[[nodiscard]] std::optional<std::int64_t> node_in_charge(std::string_view id, std::span<const std::int64_t> nodes);

} // namespace cued
