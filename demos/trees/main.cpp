// SPDX-License-Identifier: BSL-1.0
// Two trees hold the same values if two tasks that walk through them send the same values, in order.
// main.go is the same program in Go; both print expected.txt, or with --leaky expected_leaky.txt.
#include "../options.hpp"
#include "../random.hpp"

#include <heddle/heddle.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <numeric>
#include <vector>

using namespace std::chrono_literals;

struct tree {
    int value;
    std::unique_ptr<tree> left, right;
};

void insert(std::unique_ptr<tree>& t, int value) {
    if (!t)
        t = std::make_unique<tree>(value);
    else
        insert(value < t->value ? t->left : t->right, value);
}

// The tree holds k, 2k, ..., nk; its shape is random.
std::unique_ptr<tree> new_tree(int n, int k) {
    std::vector<int> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 1);
    std::shuffle(order.begin(), order.end(), random_source());
    std::unique_ptr<tree> t;
    for (int i : order)
        insert(t, i * k);
    return t;
}

heddle::task<> walk_part(const tree* t, heddle::sender<int> ch,
                         heddle::done_token quit) {
    if (!t)
        co_return;
    co_await walk_part(t->left.get(), ch, quit);
    co_await heddle::select(ch.send(t->value), quit);
    co_await walk_part(t->right.get(), ch, quit);
}

heddle::task<> walk(const tree* t, heddle::sender<int> ch, heddle::done_token quit) {
    co_await walk_part(t, ch, quit);
    ch.close();
}

heddle::task<bool> same(const tree* a, const tree* b, bool leaky) {
    heddle::done_source done;  // it closes when this returns
    auto quit = leaky ? heddle::done_token() : done.token();
    heddle::channel<int> from_a, from_b;
    heddle::go(walk, a, from_a, quit);
    heddle::go(walk, b, from_b, quit);
    for (;;) {
        auto v = co_await from_a.receive(), w = co_await from_b.receive();
        if (v != w || !v)
            co_return v == w;
    }
}

heddle::task<> compare(bool leaky) {
    auto ten = new_tree(10, 1), other = new_tree(10, 1), longer = new_tree(11, 1),
         doubled = new_tree(10, 2);
    std::cout << std::boolalpha << co_await same(ten.get(), other.get(), leaky) << '\n';
    std::cout << co_await same(ten.get(), longer.get(), leaky) << '\n';
    std::cout << co_await same(ten.get(), doubled.get(), leaky) << '\n';
    co_await heddle::sleep(50ms);  // every walker that can end has ended by now
    std::cout << "left " << heddle::live_tasks() - 1 << '\n';
}

int main(int argc, char** argv) {
    bool leaky = false;
    read_options(argc, argv, "trees [--leaky]", {{"leaky", leaky}});
    heddle::run(compare(leaky));
}
