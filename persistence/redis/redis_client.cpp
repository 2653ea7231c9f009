#include "persistence/redis/redis_client.hpp"

#include <algorithm>
#include <csignal>
#include <future>
#include <optional>

#include <hiredis/hiredis.h>
#include <spdlog/spdlog.h>

#include "security/digest.hpp"

namespace cued::persistence {
namespace {

constexpr std::size_t batch_jobs_at_most = 256;
/// A connection is made in up to four steps, each of which may take the time-out; then comes the job.
constexpr int patience_in_timeouts = 5;

struct free_reply {
  void operator()(redisReply* r) const { freeReplyObject(r); }
};
using raw_reply = std::unique_ptr<redisReply, free_reply>;

error not_there() { return unavailable("Redis is not available"); }

timeval to_timeval(std::chrono::milliseconds t) { return {t.count() / 1000, (t.count() % 1000) * 1000}; }

std::string text_of(const redisReply& r) { return r.str != nullptr ? std::string{r.str, r.len} : std::string{}; }

result<redis_reply> read(const redisReply& raw) {
  redis_reply out;
  switch (raw.type) {
  case REDIS_REPLY_ERROR:
    return fail(502, "redis_error", text_of(raw));
  case REDIS_REPLY_STRING:
  case REDIS_REPLY_STATUS:
    out.what = redis_reply::kind::text;
    out.text = text_of(raw);
    break;
  case REDIS_REPLY_INTEGER:
    out.what = redis_reply::kind::integer;
    out.integer = raw.integer;
    break;
  case REDIS_REPLY_ARRAY:
    out.what = redis_reply::kind::list;
    for (std::size_t i = 0; i < raw.elements; ++i) {
      auto element = read(*raw.element[i]);
      if (!element)
        return element;
      out.elements.push_back(std::move(*element));
    }
    break;
  default:
    break;
  }
  return out;
}

void append(redisContext& to, const redis_client::command& what) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& part : what) {
    texts.push_back(part.data());
    sizes.push_back(part.size());
  }
  redisAppendCommandArgv(&to, static_cast<int>(texts.size()), texts.data(), sizes.data());
}

/// Null: the connection broke.
raw_reply next_reply(redisContext& from) {
  void* out = nullptr;
  return raw_reply{redisGetReply(&from, &out) == REDIS_OK ? static_cast<redisReply*>(out) : nullptr};
}

std::string last_error(const redisContext& of) { return of.err != 0 ? of.errstr : "no answer"; }

/// What introduces us on a new connection, ending in a question that only a working server answers.
std::vector<redis_client::command> introduction(const config::redis_address& who) {
  std::vector<redis_client::command> out;
  if (!who.user.empty())
    out.push_back({"AUTH", who.user, who.password});
  else if (!who.password.empty())
    out.push_back({"AUTH", who.password});
  if (who.database != 0)
    out.push_back({"SELECT", std::to_string(who.database)});
  out.push_back({"PING"});
  return out;
}

/// How Redis says that it does not know a script, which is no failure: it is new, or was restarted.
bool wants_the_script(const error& why) { return why.message.starts_with("NOSCRIPT"); }

redis_client::command script_command(const char* name, const std::string& which, const std::vector<std::string>& keys,
                                     const std::vector<std::string>& arguments) {
  redis_client::command out{name, which, std::to_string(keys.size())};
  out.insert(out.end(), keys.begin(), keys.end());
  out.insert(out.end(), arguments.begin(), arguments.end());
  return out;
}

/// Writing to a connection that the other side has closed is an error here, and not the end of the process.
void block_broken_pipe_signal() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

} // namespace

redis_script::redis_script(std::string source) : text{std::move(source)}, sha1{security::sha1_hex(text)} {}

void redis_client::free_context::operator()(redisContext* c) const { redisFree(c); }

redis_client::redis_client(redis_settings settings)
    : settings_{std::move(settings)}, pause_{settings_.first_pause}, thread_{[this] { serve(); }} {}

redis_client::~redis_client() {
  {
    const std::lock_guard lock{mutex_};
    closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void redis_client::run_script(const redis_script& what, const std::vector<std::string>& keys,
                              const std::vector<std::string>& arguments, callback done) {
  enqueue({{script_command("EVALSHA", what.sha1, keys, arguments)},
           [this, in_full = script_command("EVAL", what.text, keys, arguments),
            done = std::move(done)](result<redis_reply> answer) mutable {
             if (!answer && wants_the_script(answer.error()))
               enqueue({{std::move(in_full)}, std::move(done)});
             else if (done)
               done(std::move(answer));
           }});
}

void redis_client::ask_together(std::vector<command> what, callback done) {
  what.insert(what.begin(), {"MULTI"});
  what.push_back({"EXEC"});
  enqueue({std::move(what), std::move(done)});
}

result<redis_reply> redis_client::ask_together_and_wait(std::vector<command> what) {
  const auto answer = std::make_shared<std::promise<result<redis_reply>>>();
  auto given = answer->get_future();
  ask_together(std::move(what), [answer](result<redis_reply> r) { answer->set_value(std::move(r)); });
  if (given.wait_for(settings_.timeout * patience_in_timeouts) != std::future_status::ready)
    return fail(not_there());
  return given.get();
}

void redis_client::enqueue(job work) {
  {
    const std::lock_guard lock{mutex_};
    if (!closing_ && !away_.load() && jobs_.size() < settings_.queue_limit) {
      jobs_.push_back(std::move(work));
      wake_.notify_one();
      return;
    }
  }
  refuse(work, not_there());
}

void redis_client::refuse(const job& work, error why) const {
  if (settings_.on_error)
    settings_.on_error();
  if (work.done)
    work.done(fail(std::move(why)));
}

void redis_client::serve() {
  block_broken_pipe_signal();
  std::unique_lock lock{mutex_};
  while (true) {
    if (away_.load())
      wake_.wait_for(lock, pause_, [this] { return closing_; });
    else
      wake_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    if (closing_ && (away_.load() || jobs_.empty()))
      break;
    if (!link_) {
      lock.unlock();
      auto made = connect();
      lock.lock();
      if (!made) {
        lose(lock, made.error().message, {});
        continue;
      }
      link_ = std::move(*made);
      pause_ = settings_.first_pause;
      if (away_.exchange(false))
        spdlog::info("Redis is back");
    }
    auto batch = take_batch();
    lock.unlock();
    const auto broken = run(batch);
    lock.lock();
    if (!broken.empty())
      lose(lock, broken, std::move(batch));
  }
  const auto left = std::exchange(jobs_, {});
  lock.unlock();
  for (const auto& work : left)
    refuse(work, not_there());
}

result<redis_client::link> redis_client::connect() const {
  const auto& where = settings_.address;
  const auto patience = to_timeval(settings_.timeout);
  link out{where.socket_path.empty() ? redisConnectWithTimeout(where.host.c_str(), where.port, patience)
                                     : redisConnectUnixWithTimeout(where.socket_path.c_str(), patience)};
  if (!out)
    return fail(unavailable("out of memory"));
  if (out->err != 0 || redisSetTimeout(out.get(), patience) != REDIS_OK)
    return fail(unavailable(last_error(*out)));
  for (const auto& step : introduction(where)) {
    append(*out, step);
    const auto answer = next_reply(*out);
    if (!answer)
      return fail(unavailable(last_error(*out)));
    if (answer->type == REDIS_REPLY_ERROR)
      return fail(unavailable(step.front() + ": " + text_of(*answer)));
  }
  return out;
}

/// An outage begins or goes on: whoever waits is told, and so is everybody from now on.
void redis_client::lose(std::unique_lock<std::mutex>& lock, const std::string& why, std::deque<job> unanswered) {
  link_.reset();
  if (away_.exchange(true))
    pause_ = std::min(pause_ * 2, settings_.longest_pause);
  else
    spdlog::warn("Redis is away: {}; going on without it", why);
  const auto waiting = std::exchange(jobs_, {});
  lock.unlock();
  for (const auto& work : unanswered)
    refuse(work, not_there());
  for (const auto& work : waiting)
    refuse(work, not_there());
  lock.lock();
}

std::deque<redis_client::job> redis_client::take_batch() {
  std::deque<job> out;
  while (!jobs_.empty() && out.size() < batch_jobs_at_most) {
    out.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  return out;
}

std::string redis_client::run(std::deque<job>& batch) {
  for (const auto& work : batch)
    for (const auto& one : work.commands)
      append(*link_, one);
  while (!batch.empty()) {
    raw_reply last;
    for (std::size_t i = 0; i < batch.front().commands.size(); ++i)
      if (last = next_reply(*link_); !last)
        return last_error(*link_);
    const auto work = std::move(batch.front());
    batch.pop_front();
    auto answer = read(*last);
    if (!answer && !wants_the_script(answer.error())) {
      spdlog::warn("Redis refused {}: {}", work.commands.front().front(), answer.error().message);
      refuse(work, std::move(answer.error()));
    } else if (work.done) {
      work.done(std::move(answer));
    }
  }
  return {};
}

} // namespace cued::persistence
