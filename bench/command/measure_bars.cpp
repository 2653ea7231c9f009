#include <algorithm>
#include <cstdio>
#include <thread>

#include "bench/bars/court.hpp"
#include "bench/bars/others.hpp"
#include "bench/command/commands.hpp"
#include "bench/command/ground.hpp"
#include "bench/command/theatre.hpp"
#include "bench/report/figures.hpp"
#include "bench/report/table.hpp"
#include "bench/subject/fixture.hpp"

namespace cued::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto usual_length = 5s;
constexpr auto cold_start_at_most = 300ms;
constexpr std::int64_t idle_bytes_at_most = 60'000'000, full_bytes_at_most = 300'000'000;
constexpr std::size_t many_cues = 100'000, tenants_of_many = 100;
/// All of them within the minute that the clock keeps in memory, none of them due while memory is read.
constexpr auto due_in = 50s;
constexpr auto time_to_notice = 12s; ///< the clock reads what others wrote every five seconds

double bytes_of(server& subject) { return static_cast<double>(usage_of_process(subject.pid()).resident_bytes); }

/// Of a server that has served nobody yet, on a directory that is there.
void judge_start(theatre& place, report& out) {
  if (const auto again = place.restart(); !again)
    return add_unavailable(out, "9 cold start to the first 200", "<= 300 ms", again.error());
  const auto took = place.subject().cold_start();
  add_bar(out, "9 cold start to the first 200", "<= 300 ms", std::to_string(took.count()) + " ms",
          took <= cold_start_at_most);
  const auto idle = bytes_of(place.subject());
  add_bar(out, "9 resident, idle", "<= 60 MB", short_bytes(idle), idle <= idle_bytes_at_most);
}

void judge_many_cues(theatre& place, report& out) {
  const std::string name = "9 resident, 100,000 cues due within a minute", wanted = "<= 300 MB";
  const auto& dsn = place.subject().dsn();
  const auto tenants = make_tenants(dsn, tenants_of_many);
  if (!tenants)
    return add_unavailable(out, name, wanted, tenants.error());
  const auto made = make_due_cues(dsn, *tenants,
                                  {.per_tenant = many_cues / tenants_of_many,
                                   .first = wall_clock{}.now() + due_in,
                                   .apart = std::chrono::microseconds{50},
                                   .to = transport::worker,
                                   .callback_url = {}});
  if (!made)
    return add_unavailable(out, name, wanted, made.error());
  std::this_thread::sleep_for(time_to_notice); // that time passes is all there is to wait for
  const auto full = bytes_of(place.subject());
  add_bar(out, name, wanted, short_bytes(full), full <= full_bytes_at_most);
  if (const auto cleared = clear_stage(dsn); !cleared)
    add_unavailable(out, "the stage after it", "empty", cleared.error());
}

result<void> judge_the_server(const options& typed, progress& telling, report& out) {
  auto place = theatre::open(typed, telling);
  if (!place)
    return fail(place.error());
  judge_start(**place, out);
  out.on = (*place)->describe(typed);
  telling.clear();
  std::fputs(text_of(out.on).c_str(), stdout);
  telling.topic("100,000 cues");
  judge_many_cues(**place, out);
  court at{[&](const scenario& needing) -> result<stage> {
             if (auto suited = (*place)->suit(needing.server_settings()); !suited)
               return fail(suited.error());
             if (auto cleared = clear_stage((*place)->subject().dsn()); !cleared)
               return fail(cleared.error());
             return (*place)->at(telling);
           },
           typed.rounds, typed.seconds ? std::chrono::seconds{*typed.seconds} : usual_length,
           [&telling](const std::string& text) { telling.topic(text); }, out};
  for (auto* const judge :
       {judge_connections, judge_lateness, judge_storm, judge_webhooks, judge_reads, judge_held_snapshot}) {
    judge(at);
    telling.clear();
  }
  return {};
}

} // namespace

result<void> measure_bars(const options& typed, progress& telling, report& out) {
  auto own = typed;
  if (!typed.data_dir.empty())
    own.data_dir = typed.data_dir / "server"; // contests have their own, beside it
  if (const auto judged = judge_the_server(own, telling, out); !judged)
    return judged;
  if (!typed.data_dir.empty())
    own.data_dir = typed.data_dir / "contests";
  auto place = ground_for(own, telling);
  if (!place)
    return fail(place.error());
  telling.topic("contests");
  judge_against_others(*place->ground, typed.rounds,
                       typed.seconds ? std::chrono::seconds{*typed.seconds} : usual_length, out);
  telling.clear();
  std::stable_sort(out.bars.begin(), out.bars.end(), [](const bar& a, const bar& b) {
    return std::atoi(a.name.c_str()) < std::atoi(b.name.c_str()); // names begin with their number
  });
  for (const auto& contest : out.contests)
    std::printf("\n%s", text_of(contest).c_str());
  std::printf("\n%s", text_of(out.bars).c_str());
  return {};
}

} // namespace cued::bench
