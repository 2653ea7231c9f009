#include "actors/tenant/waiting_room.hpp"

#include <algorithm>

namespace cued::actors {
namespace {

/// Its client has hung up: an execution given to it would only wait for its lease to end.
bool is_abandoned(const waiting_room::guest& one) { return is_abandoned(one.message.request); }

} // namespace

error nothing_to_claim() { return {409, "claim_failed", "No executions available for claiming", {}, {}}; }

error server_stops() { return unavailable("The server is stopping; claim again in a moment"); }

std::optional<waiting_room::guest> waiting_room::next() {
  while (!guests_.empty()) {
    auto first = std::move(guests_.front());
    guests_.pop_front();
    if (!is_abandoned(first))
      return first;
    first.message.answer(fail(nothing_to_claim()));
  }
  return std::nullopt;
}

void waiting_room::send_away(std::uint64_t look, clock::time_point now) {
  std::erase_if(guests_, [&](const guest& one) {
    if (!is_abandoned(one) && (one.until > now || one.looks_begun >= look))
      return false;
    one.message.answer(fail(nothing_to_claim()));
    return true;
  });
}

void waiting_room::tell_failure(std::uint64_t look, const error& why) {
  std::erase_if(guests_, [&](const guest& one) {
    if (one.looks_begun >= look)
      return false;
    one.message.answer(fail(why));
    return true;
  });
}

void waiting_room::close(clock::time_point now) {
  std::erase_if(guests_, [&](const guest& one) {
    if (one.until <= now)
      return false;
    one.message.answer(fail(server_stops()));
    return true;
  });
}

waiting_room::clock::time_point waiting_room::due(clock::time_point now) const {
  auto soonest = clock::time_point::max();
  for (const auto& one : guests_)
    if (one.until > now)
      soonest = std::min(soonest, one.until);
  return soonest;
}

} // namespace cued::actors
