#pragma once

#include <cstdint>
#include <optional>

#include "persistence/node_seat.hpp"

/// The SQL of "may this node still do that?". Source: migration 0009.
namespace cued::persistence {

/// Only a living epoch does it; without one (NULL), anybody. Asked once for a statement, as nothing in it depends on a
/// row. Index: nodes_pkey.
#define CUED_EPOCH_STANDS(epoch)                                                                                       \
  "(" epoch "::bigint IS NULL OR EXISTS (SELECT 1 FROM cued.nodes standing WHERE standing.epoch = " epoch "::bigint))"

/// For that argument.
[[nodiscard]] inline std::optional<std::int64_t> epoch_of(const node_seat* seat) {
  return seat ? std::optional{seat->epoch()} : std::nullopt;
}

} // namespace cued::persistence
