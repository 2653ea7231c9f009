#include "http/batched_reader.hpp"

#include <algorithm>
#include <future>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

using namespace cued;
using cued::http::batch_limits;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

using keys = std::vector<int>;
using answers = std::vector<result<std::string>>;

/// Statements that end when the test says so; it sees what each was asked for.
class gated_database {
public:
  result<answers> read(std::span<const int> asked) {
    std::unique_lock lock{mutex_};
    statements_.emplace_back(asked.begin(), asked.end());
    const auto mine = statements_.size();
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_ || ended_ >= mine; });
    if (throws_)
      throw std::runtime_error{"as a test wants it"};
    if (failure_)
      return fail(*failure_);
    if (std::find(asked.begin(), asked.end(), poison) != asked.end())
      return fail(error{});
    answers out;
    for (const int key : asked) {
      if (key < 0)
        out.push_back(fail(404, "not_found", "Not found"));
      else
        out.push_back("answer to " + std::to_string(key));
    }
    return out;
  }

  void wait_for_statements(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return statements_.size() >= count; });
  }
  void end_statements(std::size_t count) {
    const std::lock_guard lock{mutex_};
    ended_ = count;
    changed_.notify_all();
  }
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  void fail_with(error e) { failure_ = std::move(e); }
  void throw_always() { throws_ = true; }

  std::vector<keys> statements() {
    const std::lock_guard lock{mutex_};
    return statements_;
  }

  static constexpr int poison = 1'000'000;

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<keys> statements_;
  std::size_t ended_ = 0;
  bool open_ = false;
  bool throws_ = false;
  std::optional<error> failure_;
};

/// An I/O thread, as the server has them.
class io_thread {
public:
  io_thread() : work_{boost::asio::make_work_guard(io)}, thread_{[this] { io.run(); }} {}
  ~io_thread() {
    work_.reset();
    thread_.join();
  }

  /// Returns when all that was posted before has run.
  void settle() {
    std::promise<void> reached;
    boost::asio::post(io, [&] { reached.set_value(); });
    reached.get_future().wait();
  }
  [[nodiscard]] std::thread::id id() const { return thread_.get_id(); }

  boost::asio::io_context io;

private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

struct outcome {
  result<std::string> answer;
  std::thread::id resumed_on;
};

using reader = http::batched_reader<int, std::string>;

boost::asio::awaitable<void> look_up(reader& from, int key, std::promise<outcome> told) {
  auto answer = co_await from.find(key);
  outcome out{std::move(answer), std::this_thread::get_id()};
  told.set_value(std::move(out));
}

class batched_reads : public testing::Test {
protected:
  void make_reader(batch_limits limits, std::size_t threads = 4, std::size_t queue_limit = 100) {
    pool_.emplace(persistence::connection_options{}, threads, queue_limit);
    reader_.emplace(
        *pool_, [this](persistence::connection&, std::span<const int> asked) { return database_.read(asked); }, limits);
  }

  /// Returns when the look-up waits for its answer.
  std::future<outcome> ask(int key) { return ask(key, io_); }
  std::future<outcome> ask(int key, io_thread& on) {
    std::promise<outcome> told;
    auto out = told.get_future();
    boost::asio::co_spawn(on.io, look_up(*reader_, key, std::move(told)), boost::asio::detached);
    on.settle();
    return out;
  }

  static std::string text_of(std::future<outcome>& told) {
    const auto out = told.get();
    return out.answer ? *out.answer : out.answer.error().code;
  }

  gated_database database_;
  io_thread io_;
  std::optional<persistence::pool> pool_;
  std::optional<reader> reader_;
};

constexpr batch_limits one_at_a_time{1'000, 1, 1'000};

} // namespace

TEST_F(batched_reads, a_lone_look_up_waits_for_nobody) {
  make_reader(one_at_a_time);
  database_.open();
  auto told = ask(7);
  EXPECT_EQ(text_of(told), "answer to 7");
  EXPECT_THAT(database_.statements(), ElementsAre(keys{7}));
}

TEST_F(batched_reads, what_comes_while_a_statement_runs_is_the_next_statement_in_the_order_in_which_it_came) {
  make_reader(one_at_a_time);
  auto first = ask(1);
  database_.wait_for_statements(1);
  auto second = ask(2), third = ask(3), again = ask(1);
  database_.open();
  EXPECT_EQ(text_of(first), "answer to 1");
  EXPECT_EQ(text_of(second), "answer to 2");
  EXPECT_EQ(text_of(third), "answer to 3");
  EXPECT_EQ(text_of(again), "answer to 1");
  EXPECT_THAT(database_.statements(), ElementsAre(keys{1}, keys{2, 3, 1}));
}

TEST_F(batched_reads, a_statement_that_has_begun_answers_nobody_who_asks_later) {
  make_reader(one_at_a_time);
  auto before = ask(5);
  database_.wait_for_statements(1);
  auto after = ask(5);
  database_.end_statements(1);
  EXPECT_EQ(text_of(before), "answer to 5");
  database_.wait_for_statements(2);
  EXPECT_EQ(after.wait_for(std::chrono::seconds{0}), std::future_status::timeout);
  database_.open();
  EXPECT_EQ(text_of(after), "answer to 5");
}

TEST_F(batched_reads, no_more_statements_run_at_once_than_are_allowed) {
  make_reader({1'000, 2, 1'000});
  auto first = ask(1);
  database_.wait_for_statements(1);
  auto second = ask(2);
  database_.wait_for_statements(2);
  auto third = ask(3), fourth = ask(4);
  EXPECT_THAT(database_.statements(), ElementsAre(keys{1}, keys{2}));
  database_.open();
  for (auto* told : {&first, &second, &third, &fourth})
    EXPECT_THAT(text_of(*told), testing::StartsWith("answer to "));
  EXPECT_THAT(database_.statements(), AllOf(SizeIs(testing::Le(4u)), testing::Contains(testing::Contains(4))));
}

TEST_F(batched_reads, a_statement_holds_no_more_rows_than_are_allowed) {
  make_reader({2, 1, 1'000});
  auto first = ask(1);
  database_.wait_for_statements(1);
  auto second = ask(2), third = ask(3), fourth = ask(4);
  database_.open();
  for (auto* told : {&first, &second, &third, &fourth})
    EXPECT_THAT(text_of(*told), testing::StartsWith("answer to "));
  EXPECT_THAT(database_.statements(), ElementsAre(keys{1}, keys{2, 3}, keys{4}));
}

TEST_F(batched_reads, each_answer_of_a_statement_may_be_an_error_of_its_own) {
  make_reader(one_at_a_time);
  auto first = ask(1);
  database_.wait_for_statements(1);
  auto unknown = ask(-1), known = ask(2);
  database_.open();
  EXPECT_EQ(text_of(first), "answer to 1");
  EXPECT_EQ(text_of(unknown), "not_found");
  EXPECT_EQ(text_of(known), "answer to 2");
}

TEST_F(batched_reads, a_database_that_is_away_is_not_asked_again_for_each) {
  make_reader(one_at_a_time);
  database_.fail_with(unavailable("The database is not reachable"));
  auto first = ask(1);
  database_.wait_for_statements(1);
  auto second = ask(2), third = ask(3);
  database_.open();
  for (auto* told : {&first, &second, &third})
    EXPECT_EQ(text_of(*told), "service_unavailable");
  EXPECT_THAT(database_.statements(), ElementsAre(keys{1}, keys{2, 3}));
}

TEST_F(batched_reads, a_row_that_cannot_be_read_harms_only_those_who_ask_for_it) {
  make_reader(one_at_a_time);
  auto first = ask(1);
  database_.wait_for_statements(1);
  auto good = ask(2), poisoned = ask(gated_database::poison), good_too = ask(3);
  database_.open();
  EXPECT_EQ(text_of(first), "answer to 1");
  EXPECT_EQ(text_of(good), "answer to 2");
  EXPECT_EQ(text_of(poisoned), "internal_error");
  EXPECT_EQ(text_of(good_too), "answer to 3");
  EXPECT_THAT(database_.statements(),
              ElementsAre(keys{1}, keys{2, gated_database::poison, 3}, keys{2}, keys{gated_database::poison}, keys{3}));
}

TEST_F(batched_reads, an_exception_becomes_an_error_and_the_next_statement_runs) {
  make_reader(one_at_a_time);
  database_.throw_always();
  database_.open();
  auto first = ask(1);
  EXPECT_EQ(text_of(first), "internal_error");
  auto second = ask(2);
  EXPECT_EQ(text_of(second), "internal_error");
}

TEST_F(batched_reads, who_comes_when_too_many_wait_is_refused_and_the_others_are_answered) {
  make_reader({1'000, 1, 2});
  auto first = ask(1);
  database_.wait_for_statements(1);
  auto second = ask(2), third = ask(3), too_late = ask(4);
  EXPECT_EQ(text_of(too_late), "service_unavailable");
  database_.open();
  EXPECT_EQ(text_of(second), "answer to 2");
  EXPECT_EQ(text_of(third), "answer to 3");
}

TEST_F(batched_reads, a_pool_that_takes_no_job_means_503_for_whoever_waits) {
  make_reader(one_at_a_time, 1, 0);
  auto told = ask(1);
  EXPECT_EQ(text_of(told), "service_unavailable");
  auto next = ask(2);
  EXPECT_EQ(text_of(next), "service_unavailable");
  EXPECT_THAT(database_.statements(), IsEmpty());
}

TEST_F(batched_reads, a_thread_of_the_pool_lets_others_jobs_pass_between_two_statements) {
  make_reader(one_at_a_time, 1);
  auto first = ask(1);
  database_.wait_for_statements(1);
  std::promise<std::size_t> passed;
  ASSERT_TRUE(pool_->submit([&](persistence::connection&) { passed.set_value(database_.statements().size()); }));
  auto second = ask(2);
  database_.open();
  EXPECT_EQ(passed.get_future().get(), 1u);
  EXPECT_EQ(text_of(second), "answer to 2");
}

TEST_F(batched_reads, each_is_resumed_on_its_own_thread) {
  make_reader(one_at_a_time);
  io_thread other;
  auto first = ask(1);
  database_.wait_for_statements(1);
  auto here = ask(2), there = ask(3, other), here_too = ask(4), there_too = ask(5, other);
  database_.open();
  const std::map<int, std::thread::id> expected{{2, io_.id()}, {3, other.id()}, {4, io_.id()}, {5, other.id()}};
  const std::map<int, std::thread::id> seen{{2, here.get().resumed_on},
                                            {3, there.get().resumed_on},
                                            {4, here_too.get().resumed_on},
                                            {5, there_too.get().resumed_on}};
  EXPECT_EQ(seen, expected);
}

TEST_F(batched_reads, its_end_waits_for_the_statement_in_flight_and_for_those_who_wait_for_the_next) {
  make_reader(one_at_a_time);
  auto first = ask(1);
  database_.wait_for_statements(1);
  auto second = ask(2);
  auto ended = std::async(std::launch::async, [this] { reader_.reset(); });
  database_.open();
  ended.get();
  EXPECT_EQ(text_of(first), "answer to 1");
  EXPECT_EQ(text_of(second), "answer to 2");
}

TEST_F(batched_reads, many_threads_at_once_all_get_their_own_answers) {
  constexpr int threads = 3, look_ups = 500;
  make_reader({16, 2, 10'000});
  database_.open();
  std::vector<std::unique_ptr<io_thread>> loops;
  std::map<int, std::future<outcome>> told;
  for (int t = 0; t < threads; ++t)
    loops.push_back(std::make_unique<io_thread>());
  for (int n = 0; n < threads * look_ups; ++n) {
    std::promise<outcome> promise;
    told.emplace(n, promise.get_future());
    boost::asio::co_spawn(loops[static_cast<std::size_t>(n % threads)]->io, look_up(*reader_, n, std::move(promise)),
                          boost::asio::detached);
  }
  for (auto& [n, one] : told)
    EXPECT_EQ(text_of(one), n == gated_database::poison ? error{}.code : "answer to " + std::to_string(n));
}
