#include "bench/contest/api_rival.hpp"

#include <algorithm>
#include <utility>

#include "bench/load/http_load.hpp"
#include "bench/load/single_request.hpp"
#include "bench/subject/fixture.hpp"
#include "domain/json/value.hpp"
#include "domain/timestamp.hpp"

namespace cued::bench {
namespace {

constexpr std::chrono::minutes fill_patience{5};
constexpr std::chrono::hours until_the_cue_is_due{24 * 365}; // never by itself: only fires make executions
constexpr std::size_t connections = 128;
constexpr std::size_t connections_that_fire = 32;
constexpr std::size_t first_guess_per_second = 500;
constexpr std::size_t attempts_at_a_full_queue = 4;

std::string member_of(std::string_view body, std::string_view name) {
  const auto document = json::parse(body);
  const auto* found = document ? document->find(name) : nullptr;
  return found != nullptr && found->kind() == json::kind::string ? found->as_string() : std::string{};
}

std::string explained(const load_result& of) {
  return of.first_failures.empty() ? "connections were lost" : of.first_failures.front();
}

/// Fires a cue until there are as many executions as wanted.
class filling final : public conversation {
public:
  filling(std::string request, std::size_t count) : request_{std::move(request)}, left_{count} {}

  std::optional<outgoing> next(std::size_t) override {
    if (left_ == 0 || failed_)
      return std::nullopt;
    --left_;
    return outgoing{0, request_};
  }
  bool answered(std::size_t, const incoming& answer) override {
    failed_ = failed_ || answer.status / 100 != 2;
    return answer.status / 100 == 2;
  }

private:
  std::string request_;
  std::size_t left_;
  bool failed_ = false;
};

/// Each connection claims the next execution and reports on it, for ever. 409 at a claim: the queue is empty.
class next_and_report final : public conversation {
public:
  explicit next_and_report(const std::string& key)
      : key_{key}, claim_{post_request("/v1/executions/claim", key, R"({"worker_id":"bench"})")},
        claimed_(connections) {}

  std::optional<outgoing> next(std::size_t connection) override {
    if (dry_)
      return std::nullopt;
    auto& id = claimed_[connection];
    if (id.empty())
      return outgoing{0, claim_};
    return outgoing{1, post_request("/v1/executions/" + std::exchange(id, {}) + "/outcome", key_,
                                    R"({"success":true,"result":"done"})")};
  }
  bool answered(std::size_t connection, const incoming& answer) override {
    if (answer.kind == 0 && answer.status == 409)
      dry_ = true;
    if (answer.kind == 0 && answer.status == 200)
      claimed_[connection] = member_of(answer.body, "execution_id");
    return answer.status / 100 == 2 || dry_;
  }

  [[nodiscard]] bool dry() const { return dry_; }

private:
  std::string key_, claim_;
  std::vector<std::string> claimed_;
  bool dry_ = false;
};

struct api_address {
  std::string host;
  std::uint16_t port = 0;
  std::string key;
};

/// Where it is becomes known in `find`.
class api_contestant : public contestant {
public:
  explicit api_contestant(std::string name) : name_{std::move(name)} {}

  std::string_view name() const override { return name_; }

  result<void> prepare() override {
    auto found = find();
    if (!found)
      return fail(found.error());
    at_ = std::move(*found);
    return make_cue();
  }

  result<double> round(std::chrono::seconds duration) override {
    for (std::size_t attempt = 0; attempt < attempts_at_a_full_queue; ++attempt) {
      if (auto filled = fill(per_second_ * static_cast<std::size_t>(duration.count())); !filled)
        return fail(filled.error());
      next_and_report talk{at_.key};
      const auto done = run_load(plan(connections, duration), talk);
      if (!done)
        return fail(done.error());
      std::uint64_t succeeded = 0, failed = 0;
      for (const auto& kind : done->kinds) {
        succeeded += kind.succeeded;
        failed += kind.failed;
      }
      if (failed > 0)
        return fail(500, "rival_failed", explained(*done));
      if (!talk.dry())
        return static_cast<double>(succeeded) / std::chrono::duration<double>(done->measured).count();
      per_second_ *= 2;
    }
    return fail(500, "rival_failed", "its queue ran dry again and again");
  }

protected:
  virtual result<api_address> find() = 0;

private:
  load_plan plan(std::size_t at_once, std::chrono::milliseconds duration) const {
    load_plan out;
    out.host = at_.host;
    out.port = at_.port;
    out.connections = at_once;
    out.warm_up = std::chrono::milliseconds{0};
    out.duration = duration;
    out.kinds = {"claim", "outcome"};
    return out;
  }

  /// A worker cue of a name that nobody has yet.
  result<void> make_cue() {
    const auto now = wall_clock{}.now();
    json::writer body;
    body.begin_object()
        .key("name")
        .string("bench " + std::to_string(now.time_since_epoch().count()))
        .key("transport")
        .string("worker")
        .key("schedule")
        .raw(R"({"type":"once","at":")" + format_z(now + until_the_cue_is_due) + "\"}")
        .end_object();
    const auto answer = request_once(at_.host, at_.port, post_request("/v1/cues", at_.key, body.view()));
    if (!answer)
      return fail(answer.error());
    cue_id_ = member_of(answer->body, "id");
    if (answer->status != 201 || cue_id_.empty())
      return fail(500, "rival_failed", "made no cue, but answered: " + answer->body);
    return {};
  }

  result<void> fill(std::size_t count) const {
    filling talk{post_request("/v1/cues/" + cue_id_ + "/fire", at_.key, "{}"), count};
    const auto done = run_load(plan(connections_that_fire, fill_patience), talk);
    if (!done)
      return fail(done.error());
    if (!done->first_failures.empty() || done->lost_connections > 0)
      return fail(500, "rival_failed", "cannot fire: " + explained(*done));
    return {};
  }

  std::string name_, cue_id_;
  api_address at_;
  std::size_t per_second_ = first_guess_per_second;
};

class rival final : public api_contestant {
public:
  explicit rival(contest_ground& ground)
      : api_contestant{ground.wish().rival_url.empty() ? "another server" : "the server at " + ground.wish().rival_url},
        ground_{ground} {}

private:
  result<api_address> find() override {
    const auto& wish = ground_.wish();
    if (wish.rival_url.empty())
      return fail(400, "no_rival", "no address of one was given");
    const auto there = server::at(wish.rival_url, {});
    if (!there)
      return fail(there.error());
    return api_address{(*there)->host(), (*there)->port(), wish.rival_key};
  }

  contest_ground& ground_;
};

class own_server_contestant final : public api_contestant {
public:
  explicit own_server_contestant(contest_ground& ground)
      : api_contestant{"cued by its API alone, 128 connections"}, ground_{ground} {}

private:
  result<api_address> find() override {
    const auto accounts = make_tenants(ground_.subject().dsn(), 1);
    if (!accounts)
      return fail(accounts.error());
    return api_address{ground_.subject().host(), ground_.subject().port(), accounts->front().api_key};
  }

  contest_ground& ground_;
};

} // namespace

std::unique_ptr<contestant> api_rival(contest_ground& ground) { return std::make_unique<rival>(ground); }

std::unique_ptr<contestant> own_server_by_api(contest_ground& ground) {
  return std::make_unique<own_server_contestant>(ground);
}

} // namespace cued::bench
