#include "persistence/postgres/change_listener.hpp"

#include <algorithm>

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace cued::persistence {
namespace {

const std::string everything = "*";
const std::string ask_prefix = "ask ";     // + asker's backend, number: whoever listens says on cued_heard that he did
const std::string proof_prefix = "proof "; // + backend, number: by a listener to himself

constexpr std::size_t changes_at_once_max = 100; // beyond it, forgetting all is less work
constexpr std::size_t triggers_expected = 5;

/// Two sides of one conversation; nothing else is said on these channels.
constexpr named_query listen_callers{"listen_callers", "LISTEN cued_callers"};
constexpr named_query listen_heard{"listen_heard", "LISTEN cued_heard"};
constexpr named_query tell_callers{"tell_callers", "SELECT pg_notify('cued_callers', $1)"};
constexpr named_query tell_heard{"tell_heard", "SELECT pg_notify('cued_heard', $1)"};

/// The keys spell "cued", "hear". Held as long as the connection lives, so that askers find who listens.
constexpr named_query say_that_we_listen{"say_that_we_listen", R"sql(
  SELECT pg_advisory_lock_shared(1668638052, 1751474546)
)sql"};

/// Once per revocation. A view over shared memory; no table is read.
constexpr named_query who_listens{"who_listens", R"sql(
  SELECT pid FROM pg_locks
  WHERE locktype = 'advisory' AND classid = 1668638052 AND objid = 1751474546 AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)sql"};

/// Every few seconds. A table of users that was made anew, or triggers that were switched off, tell nobody anything.
constexpr named_query triggers_in_place{"triggers_in_place", R"sql(
  SELECT tgname FROM pg_trigger
  WHERE tgenabled IN ('O', 'A')
    AND (tgrelid = to_regclass('public.users')
           AND tgname IN ('cued_user_changed', 'cued_user_deleted', 'cued_users_emptied')
      OR tgrelid = to_regclass('cued.api_keys')
           AND tgname IN ('cued_key_changed', 'cued_keys_emptied'))
)sql"};

} // namespace

change_listener::change_listener(connection_options where, change_events events, change_listener_settings chosen)
    : where_{std::move(where)}, events_{std::move(events)}, settings_{chosen}, wake_{eventfd(0, EFD_CLOEXEC)},
      pause_{settings_.first_pause} {
  events_.hearing(false);
  thread_ = std::thread{[this] { serve(); }};
}

change_listener::~change_listener() {
  {
    const std::lock_guard lock{mutex_};
    closing_ = true;
  }
  eventfd_write(wake_, 1);
  thread_.join();
  for (const auto* questions : {&open_, &arrived_})
    for (const auto& q : *questions)
      q.done(false);
  close(wake_);
}

void change_listener::when_heard_everywhere(std::chrono::milliseconds patience, std::function<void(bool)> done) {
  {
    const std::lock_guard lock{mutex_};
    arrived_.push_back({steady::now() + patience, std::move(done)});
  }
  eventfd_write(wake_, 1);
}

void change_listener::serve() {
  while (true) {
    {
      const std::lock_guard lock{mutex_};
      if (closing_)
        return;
      std::move(arrived_.begin(), arrived_.end(), std::back_inserter(open_));
      arrived_.clear();
    }
    if (link_ || steady::now() >= next_check_)
      if (const auto done = turn(); !done)
        lose(done.error().message);
    end_overdue_questions();
    wait();
  }
}

/// Until there is something to read, somebody asks, or the time has come for what comes next.
void change_listener::wait() const {
  auto until = next_check_;
  for (const auto& q : open_)
    until = std::min(until, q.until);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
  pollfd watched[2] = {{wake_, POLLIN, 0}, {link_ ? link_->descriptor() : -1, POLLIN, 0}};
  poll(watched, 2, static_cast<int>(std::max<std::int64_t>(0, left)));
  eventfd_t asked = 0;
  if (watched[0].revents != 0)
    eventfd_read(wake_, &asked);
}

result<void> change_listener::turn() {
  if (!link_)
    if (auto made = connect(); !made)
      return made;
  if (auto heard = hear(); !heard)
    return heard;
  if (auto checked = check_if_due(); !checked)
    return checked;
  if (auto asked = ask_open_questions(); !asked)
    return asked;
  return hear(); // what came together with answers would wake nobody
}

result<void> change_listener::connect() {
  auto made = listening_link::open(where_);
  if (!made)
    return fail(std::move(made.error()));
  for (const auto& step : {listen_callers, listen_heard, say_that_we_listen})
    if (auto done = made->ask(step); !done)
      return fail(std::move(done.error()));
  link_ = std::move(*made);
  next_check_ = steady::now();
  return {};
}

/// All there is; answering an asker brings more.
result<void> change_listener::hear() {
  while (true) {
    auto heard = link_->hear();
    if (!heard)
      return fail(std::move(heard.error()));
    if (heard->empty())
      return {};
    if (auto done = act_on(*heard); !done)
      return done;
  }
}

result<void> change_listener::act_on(const std::vector<listening_link::notice>& heard) {
  std::set<std::string> changed;
  for (const auto& [channel, payload] : heard) {
    if (channel == "cued_heard") {
      told_heard(payload);
    } else if (payload.starts_with(ask_prefix)) {
      forget(std::exchange(changed, {})); // what was committed before the question, before the answer
      if (auto answered = answer_asker(payload.substr(ask_prefix.size())); !answered)
        return answered;
    } else if (!payload.starts_with(proof_prefix)) {
      changed.insert(payload);
    } else if (payload == proof_awaited_) {
      proof_awaited_.clear();
      say_hearing(true);
    }
  }
  forget(changed);
  return {};
}

void change_listener::forget(const std::set<std::string>& changed) const {
  if (changed.contains(everything) || changed.size() > changes_at_once_max)
    return events_.everything_changed();
  for (const auto& user_id : changed)
    events_.user_changed(user_id);
}

result<void> change_listener::answer_asker(const std::string& asker_and_number) {
  auto told = link_->ask(tell_heard, {asker_and_number + ' ' + link_->backend()});
  if (!told)
    return fail(std::move(told.error()));
  return {};
}

/// `<asker> <number> <who heard>`; only the asker cares.
void change_listener::told_heard(const std::string& payload) {
  for (auto q = open_.begin(); q != open_.end(); ++q) {
    const auto ours = link_->backend() + ' ' + std::to_string(q->number) + ' ';
    if (q->number == 0 || !payload.starts_with(ours))
      continue;
    q->owing.erase(payload.substr(ours.size()));
    if (q->owing.empty()) {
      const auto done = std::move(q->done);
      open_.erase(q);
      done(true);
    }
    return;
  }
}

/// Who begins to listen after the list was read begins with nothing, and reads what was committed before.
result<void> change_listener::ask_open_questions() {
  for (auto& q : open_) {
    if (q.number != 0)
      continue;
    auto listeners = link_->ask(who_listens);
    if (!listeners)
      return fail(std::move(listeners.error()));
    q.number = ++numbers_;
    q.owing = {listeners->begin(), listeners->end()};
    if (auto told = link_->ask(tell_callers, {ask_prefix + link_->backend() + ' ' + std::to_string(q.number)}); !told)
      return fail(std::move(told.error()));
  }
  return {};
}

result<void> change_listener::check_if_due() {
  if (steady::now() < next_check_)
    return {};
  next_check_ = steady::now() + settings_.check_every;
  if (!proof_awaited_.empty())
    return fail(unavailable("notifications do not arrive"));
  auto triggers = link_->ask(triggers_in_place);
  if (!triggers)
    return fail(std::move(triggers.error()));
  if (triggers->size() != triggers_expected)
    return fail(unavailable("triggers on users or cued.api_keys are missing or switched off"));
  proof_awaited_ = proof_prefix + link_->backend() + ' ' + std::to_string(++numbers_);
  if (auto told = link_->ask(tell_callers, {proof_awaited_}); !told)
    return fail(std::move(told.error()));
  return {};
}

void change_listener::end_overdue_questions() {
  const auto overdue = std::stable_partition(open_.begin(), open_.end(),
                                             [now = steady::now()](const question& q) { return q.until > now; });
  for (auto q = overdue; q != open_.end(); ++q)
    q->done(false);
  open_.erase(overdue, open_.end());
}

/// Questions stay open: on the next connection they are asked again.
void change_listener::lose(const std::string& why) {
  link_.reset();
  proof_awaited_.clear();
  for (auto& q : open_)
    q.number = 0;
  say_hearing(false);
  if (!std::exchange(told_of_outage_, true))
    spdlog::warn("cannot hear of changed accounts ({}); every request asks the database meanwhile", why);
  next_check_ = steady::now() + pause_;
  pause_ = std::min(pause_ * 2, settings_.longest_pause);
}

void change_listener::say_hearing(bool hears) {
  if (hearing_ == hears)
    return;
  hearing_ = hears;
  events_.hearing(hears);
  if (!hears)
    return;
  pause_ = settings_.first_pause;
  if (std::exchange(told_of_outage_, false))
    spdlog::info("changed accounts are heard of again");
}

} // namespace cued::persistence
