#include "persistence/postgres/child_process.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/persistence/test_database.hpp"

namespace cued::persistence {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class child_process_test : public ::testing::Test {
protected:
  [[nodiscard]] process_description shell(const std::string& script) const {
    return {{"/bin/sh", "-c", script}, {"GREETING=hello"}, std::nullopt, output_file(), 0};
  }
  [[nodiscard]] std::filesystem::path output_file() const { return home_.path() / "output"; }
  [[nodiscard]] std::string output() const {
    std::ostringstream text;
    text << std::ifstream{output_file()}.rdbuf();
    return text.str();
  }

  test::temporary_directory home_;
};

} // namespace

TEST_F(child_process_test, output_and_environment_are_what_was_described) {
  ASSERT_TRUE(run_to_end(shell("echo $GREETING; echo error >&2; echo ${HOME-homeless}"), 30s));
  EXPECT_EQ(output(), "hello\nerror\nhomeless\n");
}

TEST_F(child_process_test, a_failure_is_told_with_how_it_ended) {
  EXPECT_TRUE(run_to_end(shell("exit 0"), 30s));
  EXPECT_THAT(run_to_end(shell("exit 3"), 30s).error().message, HasSubstr("exit status 3"));
  EXPECT_THAT(run_to_end(shell("kill -9 $$"), 30s).error().message, HasSubstr("signal 9"));
}

TEST_F(child_process_test, a_program_that_is_not_there_is_told_with_the_kernels_reason) {
  const auto started = child_process::start({{"/nowhere/program"}, {}, std::nullopt, output_file(), 0});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("/nowhere/program: No such file"));
}

TEST_F(child_process_test, a_program_that_takes_too_long_is_killed_with_its_children) {
  const auto ran = run_to_end(shell("sleep 600 & echo $!; wait"), 200ms);
  ASSERT_FALSE(ran);
  EXPECT_THAT(ran.error().message, HasSubstr("did not end in time"));
  if (const auto grandchild = child_process::attach(std::atoi(output().c_str()))) {
    auto orphan = child_process::attach(grandchild->pid());
    EXPECT_TRUE(!orphan || orphan->wait_for_end(30s));
  }
}

TEST_F(child_process_test, it_leads_a_session_of_its_own_and_inherits_no_descriptors) {
  const auto ran = run_to_end(shell("cut -d' ' -f6 /proc/$$/stat; echo $$; ls /proc/self/fd | wc -l"), 30s);
  ASSERT_TRUE(ran);
  std::istringstream lines{output()};
  std::string session, pid;
  int descriptors = 0;
  lines >> session >> pid >> descriptors;
  EXPECT_EQ(session, pid);
  EXPECT_EQ(descriptors, 4) << "0, 1, 2 and the one ls reads with";
}

TEST_F(child_process_test, signals_reach_it_and_its_end_is_seen) {
  auto process = child_process::start(shell("sleep 600"));
  ASSERT_TRUE(process);
  EXPECT_FALSE(process->ended());
  EXPECT_TRUE(child_process::attach(process->pid()));
  EXPECT_TRUE(process->signal(SIGTERM));
  EXPECT_TRUE(process->wait_for_end(30s));
  EXPECT_EQ(process->how_it_ended(), "signal 15");
  EXPECT_FALSE(process->signal(SIGTERM)) << "it is gone";
  EXPECT_FALSE(child_process::attach(process->pid()));
}

TEST_F(child_process_test, it_takes_on_the_rights_of_an_account) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can give rights away";
  const auto nobody = account::named("nobody");
  ASSERT_TRUE(nobody);
  auto description = shell("id -un; id -G | wc -w");
  description.run_as = nobody;
  ASSERT_TRUE(run_to_end(description, 30s));
  EXPECT_EQ(output(), "nobody\n1\n");
  EXPECT_EQ(do_as(nobody, [] { return ::geteuid() == 0 ? 1 : 0; }), 0);
}

} // namespace cued::persistence
