#include "bench/growth/growing_place.hpp"

#include <algorithm>
#include <thread>

#include "bench/measure/resources.hpp"

namespace cued::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t connections = 128;
constexpr std::size_t executions_per_second_at_most = 25'000;
constexpr std::size_t due_per_second = 1000;
/// A large table takes seconds to be analysed, and the server has to be up again by then.
constexpr auto until_first_due = 10s;
constexpr auto fires_settle = 2s;
constexpr std::size_t sampled_executions = 20'000;

double ms(std::chrono::microseconds value) { return static_cast<double>(value.count()) / 1000; }

void note(growth_point& into, const std::string& what, const speed& of) {
  into.figures[what + " per second"] = of.per_second;
  into.figures[what + ", p50 ms"] = ms(of.latency.percentile(50));
  into.figures[what + ", p99 ms"] = ms(of.latency.percentile(99));
}

/// One connection: what one caller waits for.
result<void> note_alone(const node_addresses& nodes, const std::string& what, const std::vector<std::string>& requests,
                        std::chrono::milliseconds duration, growth_point& into) {
  const auto alone = repeat_requests(nodes, requests, 1, duration);
  if (!alone)
    return fail(alone.error());
  into.figures[what + ", p50 ms"] = ms(alone->latency.percentile(50));
  into.figures[what + ", p99 ms"] = ms(alone->latency.percentile(99));
  return {};
}

} // namespace

result<std::unique_ptr<growing_place>> growing_place::open(const growth_wish& wish, std::size_t tenants) {
  std::unique_ptr<growing_place> out{new growing_place{wish}};
  auto started = server::start({wish.program, wish.data_dir, {}});
  if (!started)
    return fail(started.error());
  out->server_ = std::move(*started);
  wish.on_database(out->dsn());
  if (const auto cleared = clear_stage(out->dsn()); !cleared)
    return fail(cleared.error());
  auto made = make_tenants(out->dsn(), tenants);
  if (!made)
    return fail(made.error());
  out->tenants_ = std::move(*made);
  return out;
}

result<void> growing_place::restart(growth_point& into) {
  server_.reset();
  auto started = server::start({wish_.program, wish_.data_dir, {}});
  if (!started)
    return fail(started.error());
  server_ = std::move(*started);
  into.figures["start, ms"] = static_cast<double>(server_->cold_start().count());
  return {};
}

result<void> growing_place::measure_claims(const node_addresses& nodes, growth_point& into) {
  wish_.progress("claims and outcomes");
  const auto wanted = executions_per_second_at_most * static_cast<std::size_t>(wish_.duration.count() + 1);
  const auto per_tenant = std::max<std::size_t>(wanted / tenants_.size(), 1);
  const auto ids = make_pending(dsn(), tenants_, {per_tenant, std::min<std::size_t>(per_tenant, 10)});
  if (!ids)
    return fail(ids.error());
  std::vector<open_execution> pending;
  pending.reserve(per_tenant * tenants_.size());
  for (std::size_t i = 0; i < per_tenant; ++i)
    for (std::size_t t = 0; t < tenants_.size(); ++t)
      pending.push_back({(*ids)[t][i], tenants_[t].api_key});
  const auto measured = claim_and_report(nodes, pending, connections, wish_.duration);
  if (!measured)
    return fail(measured.error());
  note(into, "claims and outcomes", *measured);
  return finish_open_executions(dsn());
}

result<void> growing_place::measure_fires(growth_point& into) {
  wish_.progress("firing");
  const auto count = due_per_second * static_cast<std::size_t>(wish_.duration.count());
  due_wish wish;
  wish.per_tenant = std::max<std::size_t>(count / tenants_.size(), 1);
  wish.first = wall_clock{}.now() + until_first_due;
  wish.apart = std::chrono::microseconds{1s} / due_per_second;
  wish.to = transport::worker;
  const auto due = make_due_cues(dsn(), tenants_, wish);
  if (!due)
    return fail(due.error());
  // Made behind the server's back, so it has to look: it does when it starts. What it fires while starting is late for
  // another reason and is not counted.
  if (auto again = restart(into); !again)
    return again;
  const auto end = wish.first + due->size() * wish.apart + fires_settle;
  const auto counted_from = std::max(wish.first, wall_clock{}.now() + 500ms);
  std::this_thread::sleep_until(end);
  const auto late = lateness_since(dsn(), counted_from);
  if (!late)
    return fail(late.error());
  into.figures["fired late, p50 ms"] = late->p50_ms;
  into.figures["fired late, p99 ms"] = late->p99_ms;
  into.figures["fires counted"] = static_cast<double>(late->fired);
  return finish_open_executions(dsn());
}

result<void> growing_place::measure_cue_routes(growth_point& into) {
  wish_.progress("making and listing cues");
  std::vector<std::string> keys, lists;
  for (const auto& t : tenants_) {
    keys.push_back(t.api_key);
    lists.push_back(get_request("/v1/cues?limit=20", t.api_key));
  }
  const auto made = post_each_once(nodes(), "/v1/cues", keys,
                                   R"({"name":"made-{n}","transport":"worker",)"
                                   R"("schedule":{"type":"recurring","cron":"0 9 1 1 *"},"payload":{"task":"x"}})",
                                   connections, wish_.duration);
  if (!made)
    return fail(made.error());
  note(into, "cues made", *made);
  return note_alone(nodes(), "list cues", lists, wish_.duration, into);
}

result<void> growing_place::measure_reads(const node_addresses& nodes, double rows, growth_point& into) {
  wish_.progress("reading executions");
  const auto sample = sample_history(dsn(), sampled_executions, rows);
  if (!sample)
    return fail(sample.error());
  std::vector<std::string> requests;
  for (const auto& one : *sample)
    requests.push_back(get_request("/v1/executions/" + one.execution_id, key_of(one.user_id)));
  const auto measured = repeat_requests(nodes, requests, connections, wish_.duration);
  if (!measured)
    return fail(measured.error());
  note(into, "reads", *measured);
  return {};
}

result<void> growing_place::measure_lists(std::int64_t crowd_cues, growth_point& into) {
  wish_.progress("lists");
  std::vector<std::string> of_account, of_cue, claimable;
  for (std::size_t t = 0; t < tenants_.size(); ++t) {
    const auto& key = tenants_[t].api_key;
    of_account.push_back(get_request("/v1/executions?limit=20", key));
    if (static_cast<std::int64_t>(t) < crowd_cues)
      of_cue.push_back(
          get_request("/v1/executions?limit=20&cue_id=" + crowd_cue_id(static_cast<std::int64_t>(t)), key));
    claimable.push_back(get_request("/v1/executions/claimable", key));
  }
  if (auto done = note_alone(nodes(), "list an account's executions", of_account, wish_.duration, into); !done)
    return done;
  if (auto done = note_alone(nodes(), "list a cue's executions", of_cue, wish_.duration, into); !done)
    return done;
  return note_alone(nodes(), "list claimable", claimable, wish_.duration, into);
}

result<void> growing_place::measure_size(growth_point& into) {
  const auto bytes = database_bytes(dsn());
  if (!bytes)
    return fail(bytes.error());
  into.figures["database, MB"] = *bytes / 1e6;
  into.figures["server's memory, MB"] = static_cast<double>(usage_of_process(server_->pid()).resident_bytes) / 1e6;
  return {};
}

std::string growing_place::key_of(const std::string& user_id) const {
  const auto found = std::ranges::find(tenants_, user_id, &tenant::user_id);
  return found == tenants_.end() ? std::string{} : found->api_key;
}

} // namespace cued::bench
