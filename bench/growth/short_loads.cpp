#include "bench/growth/short_loads.hpp"

#include <functional>
#include <memory>
#include <utility>

#include "bench/contest/together.hpp"
#include "domain/instant.hpp"

namespace cued::bench {
namespace {

constexpr std::chrono::milliseconds warm_up{500};

using make_conversation = std::function<std::unique_ptr<conversation>(std::size_t node)>;

/// One load on each node at once; speeds add up.
result<speed> share_load(const node_addresses& nodes, const std::vector<std::string>& kinds, std::size_t connections,
                         std::chrono::milliseconds duration, const make_conversation& make) {
  const auto all = together(nodes.size(), [&](std::size_t i) -> result<load_result> {
    load_plan plan;
    plan.host = nodes[i].host;
    plan.port = nodes[i].port;
    plan.connections = std::max<std::size_t>(connections / nodes.size(), 1);
    plan.warm_up = warm_up;
    plan.duration = duration;
    plan.kinds = kinds;
    const auto talk = make(i);
    return run_load(plan, *talk);
  });
  if (!all)
    return fail(all.error());
  speed out;
  for (const auto& one : *all)
    for (const auto& kind : one.kinds) {
      if (kind.failed > 0)
        return fail(500, "failed_requests",
                    std::to_string(kind.failed) + " requests failed" +
                        (one.first_failures.empty() ? "" : ", as: " + one.first_failures.front()));
      out.latency.merge(kind.latency);
      out.per_second += static_cast<double>(kind.succeeded) * 1e6 / static_cast<double>(one.measured.count());
    }
  return out;
}

class claiming final : public conversation {
public:
  claiming(const std::vector<open_execution>& pending, std::size_t first, std::size_t stride, std::size_t connections)
      : pending_{pending}, next_{first}, stride_{stride}, held_(connections, nobody) {}

  std::optional<outgoing> next(std::size_t connection) override {
    auto& held = held_[connection];
    if (held != nobody) {
      const auto& one = pending_[std::exchange(held, nobody)];
      return outgoing{1, post_request("/v1/executions/" + one.execution_id + "/outcome", one.api_key,
                                      R"({"success":true,"result":"done"})")};
    }
    if (next_ >= pending_.size())
      return std::nullopt;
    held = std::exchange(next_, next_ + stride_);
    return outgoing{0, post_request("/v1/executions/" + pending_[held].execution_id + "/claim", pending_[held].api_key,
                                    R"({"worker_id":"bench"})")};
  }
  bool answered(std::size_t connection, const incoming& answer) override {
    if (answer.status != 200)
      held_[connection] = nobody;
    return answer.status == 200;
  }

private:
  static constexpr std::size_t nobody = static_cast<std::size_t>(-1);
  const std::vector<open_execution>& pending_;
  std::size_t next_, stride_;
  std::vector<std::size_t> held_; ///< by connection: what it has claimed and not reported on
};

class repeating final : public conversation {
public:
  explicit repeating(const std::vector<std::string>& requests) : requests_{requests} {}

  std::optional<outgoing> next(std::size_t) override { return outgoing{0, requests_[next_++ % requests_.size()]}; }
  bool answered(std::size_t, const incoming& answer) override { return answer.status == 200; }

private:
  const std::vector<std::string>& requests_;
  std::size_t next_ = 0;
};

class posting final : public conversation {
public:
  posting(std::string path, const std::vector<std::string>& keys, std::string body)
      : path_{std::move(path)}, keys_{keys}, body_{std::move(body)},
        next_{wall_clock{}.now().time_since_epoch().count()} {}

  std::optional<outgoing> next(std::size_t) override {
    auto body = body_;
    constexpr std::string_view mark = "{n}";
    if (const auto at = body.find(mark); at != std::string::npos)
      body.replace(at, mark.size(), std::to_string(next_));
    return outgoing{0, post_request(path_, keys_[static_cast<std::size_t>(next_++) % keys_.size()], body)};
  }
  bool answered(std::size_t, const incoming& answer) override { return answer.status / 100 == 2; }

private:
  std::string path_;
  const std::vector<std::string>& keys_;
  std::string body_;
  std::int64_t next_; ///< from the present on, so that no run repeats another's
};

} // namespace

result<speed> claim_and_report(const node_addresses& nodes, const std::vector<open_execution>& pending,
                               std::size_t connections, std::chrono::milliseconds duration) {
  return share_load(nodes, {"claim", "outcome"}, connections, duration, [&](std::size_t node) {
    return std::make_unique<claiming>(pending, node, nodes.size(), connections);
  });
}

result<speed> repeat_requests(const node_addresses& nodes, const std::vector<std::string>& requests,
                              std::size_t connections, std::chrono::milliseconds duration) {
  if (requests.empty())
    return fail(500, "nothing_to_send", "there is nothing to ask for");
  return share_load(nodes, {"request"}, connections, duration,
                    [&](std::size_t) { return std::make_unique<repeating>(requests); });
}

result<speed> post_each_once(const node_addresses& nodes, const std::string& path,
                             const std::vector<std::string>& api_keys, const std::string& body, std::size_t connections,
                             std::chrono::milliseconds duration) {
  return share_load(nodes, {"request"}, connections, duration,
                    [&](std::size_t) { return std::make_unique<posting>(path, api_keys, body); });
}

} // namespace cued::bench
