#include "bench/contest/bare_commits.hpp"

#include "bench/contest/together.hpp"
#include "persistence/postgres/connection.hpp"

namespace cued::bench {
namespace {

using persistence::connection;
using persistence::named_query;
using persistence::session;
using steady = std::chrono::steady_clock;

constexpr named_query commit_one{"commit_one", "INSERT INTO bare_commits (client, n) VALUES ($1::int, $2::bigint)"};

result<void> lay_out(const std::string& dsn) {
  connection link{{dsn, "cued-bench"}};
  return link.run([](session& s) -> result<void> {
    s.exec_text("CREATE TABLE IF NOT EXISTS bare_commits (client integer NOT NULL, n bigint NOT NULL)");
    s.exec_text("TRUNCATE bare_commits");
    return {};
  });
}

result<histogram> commit_until(const std::string& dsn, std::size_t client, steady::time_point end) {
  connection link{{dsn, "cued-bench"}};
  return link.run([&](session& s) -> result<histogram> {
    histogram latency;
    auto before = steady::now();
    for (std::int64_t n = 0; before < end; ++n) {
      s.exec(commit_one, static_cast<int>(client), n);
      const auto after = steady::now();
      latency.record(std::chrono::duration_cast<histogram::microseconds>(after - before));
      before = after;
    }
    return latency;
  });
}

class bare_commits_contestant final : public contestant {
public:
  bare_commits_contestant(contest_ground& ground, std::size_t clients)
      : ground_{ground}, clients_{clients}, name_{"bare commits, " + std::to_string(clients) +
                                                  (clients == 1 ? " client" : " clients")} {}

  std::string_view name() const override { return name_; }

  result<double> round(std::chrono::seconds duration) override {
    const auto dsn = ground_.database("bare");
    if (!dsn)
      return fail(dsn.error());
    const auto reading = read_bare_commits(*dsn, clients_, duration);
    if (!reading)
      return fail(reading.error());
    return reading->per_second;
  }

private:
  contest_ground& ground_;
  std::size_t clients_;
  std::string name_;
};

} // namespace

result<commit_reading> read_bare_commits(const std::string& dsn, std::size_t clients,
                                         std::chrono::milliseconds duration) {
  if (const auto ready = lay_out(dsn); !ready)
    return fail(ready.error());
  const auto begin = steady::now();
  const auto all = together(clients, [&](std::size_t client) { return commit_until(dsn, client, begin + duration); });
  const std::chrono::duration<double> took = steady::now() - begin;
  if (!all)
    return fail(all.error());
  commit_reading out;
  for (const auto& one : *all)
    out.latency.merge(one);
  out.per_second = static_cast<double>(out.latency.count()) / took.count();
  return out;
}

std::unique_ptr<contestant> bare_commits(contest_ground& ground, std::size_t clients) {
  return std::make_unique<bare_commits_contestant>(ground, clients);
}

} // namespace cued::bench
