#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "domain/instant.hpp"
#include "persistence/postgres/connection.hpp"

/// Attempts at webhooks that this process itself has cut off, because it ends in an orderly way.
namespace cued::persistence {

struct cut_off_delivery {
  std::string execution_id;
  int attempt = 1; ///< that was under way, 1-based: the guard
};

/// They are to be made again at once, by whoever is there, and as the same attempts: that we went away says nothing of
/// the receiver, so it costs no attempt of the cue's retries (as with cueapi-core, spec/delivery.md §9). A process that
/// died without a word is another matter: its attempts count. Returns how many were still ours to hand back.
[[nodiscard]] result<std::size_t> hand_back_cut_off(connection& db, const std::vector<cut_off_delivery>& cut_off,
                                                    instant now);

} // namespace cued::persistence
