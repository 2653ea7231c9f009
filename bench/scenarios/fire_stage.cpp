#include "bench/scenarios/fire_stage.hpp"

#include <thread>

namespace cued::bench {
namespace {

using namespace std::chrono_literals;

/// The server looks for rows of others every 5 s; what is left after that is for load that begins before the fires.
constexpr auto lead = 10s;
constexpr std::size_t cues_written_per_second = 4'000; ///< even on a slow disk
constexpr auto look_every = 100ms;

} // namespace

instant wall_clock_now() { return wall_clock{}.now(); }

result<fire_stage> fire_stage::set(stage& at, const std::vector<tenant>& tenants, const fires_wish& wish) {
  fire_stage out;
  due_wish due;
  due.per_tenant = (wish.cues + tenants.size() - 1) / tenants.size();
  due.apart = wish.apart;
  due.to = wish.to;
  out.cues = due.per_tenant * tenants.size();
  if (wish.to == transport::webhook) {
    auto hook = receiver::listen({.expected = out.cues});
    if (!hook)
      return fail(hook.error());
    out.hook = std::move(*hook);
    due.callback_url = out.hook->url();
  }
  at.progress("writing " + std::to_string(out.cues) + " cues");
  const auto writing = std::chrono::seconds{static_cast<std::int64_t>(out.cues / cues_written_per_second)};
  due.first = std::chrono::ceil<std::chrono::seconds>(wall_clock_now() + writing + lead);
  const auto made = make_due_cues(at.subject.dsn(), tenants, due);
  if (!made)
    return fail(made.error());
  if (wall_clock_now() + time_before_fires > due.first)
    return fail(503, "stage_too_late", "writing " + std::to_string(out.cues) + " cues took longer than was planned");
  out.span = {due.first, due.first + due.apart * static_cast<std::int64_t>(out.cues - 1)};
  return out;
}

void wait_until(instant at, stage& on, const fire_stage& fires) {
  for (auto now = wall_clock_now(); now < at; now = wall_clock_now()) {
    std::this_thread::sleep_until(std::min<instant>(at, now + 1s)); // a planned instant: there is nothing to wait for
    const auto left = std::chrono::ceil<std::chrono::seconds>(at - now);
    on.progress((fires.hook ? std::to_string(fires.hook->count()) + " webhooks, " : std::string{}) +
                std::to_string(left.count()) + " s to go");
  }
}

result<std::uint64_t> wait_for_successes(const std::string& dsn, const fire_stage& fires,
                                         std::chrono::steady_clock::time_point until) {
  fire_watch watch{dsn};
  for (;;) {
    auto recorded = watch.succeeded(fires.span);
    if (!recorded || *recorded >= fires.cues || std::chrono::steady_clock::now() >= until)
      return recorded;
    std::this_thread::sleep_for(look_every); // others' work in another process: it can only be looked at
  }
}

} // namespace cued::bench
